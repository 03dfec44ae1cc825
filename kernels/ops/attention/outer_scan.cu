// A block for each sample and head; its matrix stays in shared memory and a thread owns a row of
// it.

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/attention/outer_scan.h"

namespace elm {
namespace {

constexpr int threads = 128;
/// Copies `count` elements of global memory.
template <class Real>
__device__ void copy(const Real* from, Real* to, std::int64_t count) {
    for (std::int64_t i = threadIdx.x; i < count; i += threads) to[i] = from[i];
}

template <class Real>
struct ScanBlock {
    const OuterScanArgs<Real>& args;
    std::int64_t sample, head;
    Real* matrix;  // column by column, so that neighbours own neighbours
    Real* vector;  // as long as a row

    /// matrix += u wᵀ of a step.
    __device__ void add(std::int64_t step, CallSite site = ELM_CALL_SITE) const {
        const OuterScanShape& shape = args.shape;
        block_barrier(site);  // the vector has been read
        copy(args.right.of(sample, head).row(step), vector, shape.columns);
        block_barrier(site);
        for (std::int64_t row = threadIdx.x; row < shape.rows; row += threads) {
            const Real left = args.left.of(sample, head).row(step)[row];
            for (std::int64_t c = 0; c < shape.columns; ++c) {
                matrix[c * shape.rows + row] += left * vector[c];
            }
        }
    }

    /// The output of a step.
    __device__ void read(std::int64_t step, CallSite site = ELM_CALL_SITE) const {
        const OuterScanShape& shape = args.shape;
        block_barrier(site);
        copy(args.read.of(sample, head).row(step), vector, shape.columns);
        block_barrier(site);
        const bool counts = step < args.reads_of(sample);
        for (std::int64_t row = threadIdx.x; row < shape.rows; row += threads) {
            Real sum = 0;
            for (std::int64_t c = 0; c < shape.columns; ++c) {
                sum += matrix[c * shape.rows + row] * vector[c];
            }
            args.output.of(sample, head).row(step)[row] = counts ? sum : Real(0);
        }
    }
};

template <class Real>
__global__ void __launch_bounds__(threads) outer_scan_of_pair_kernel(OuterScanArgs<Real> args) {
    const OuterScanShape& shape = args.shape;
    const std::int64_t cells = shape.rows * shape.columns;
    Real* const matrix = dynamic_shared<Real>(static_cast<std::size_t>(cells + shape.columns));
    const std::int64_t sample = blockIdx.x / shape.heads, head = blockIdx.x % shape.heads;
    const ScanBlock<Real> block{args, sample, head, matrix, matrix + cells};
    for (std::int64_t row = threadIdx.x; row < shape.rows; row += threads) {
        for (std::int64_t c = 0; c < shape.columns; ++c) {
            matrix[c * shape.rows + row] =
                args.start.data == nullptr ? Real(0) : args.start(sample, head, row, c);
        }
    }
    const std::int64_t sources = args.sources_of(sample);
    if (shape.order == ScanOrder::all) {
        for (std::int64_t step = 0; step < sources; ++step) block.add(step);
    }
    for (std::int64_t index = 0; index < shape.read_steps; ++index) {
        const bool back = shape.order == ScanOrder::backwards;
        const std::int64_t step = back ? shape.read_steps - 1 - index : index;
        if (shape.order != ScanOrder::all && step < sources) block.add(step);
        block.read(step);
    }
    for (std::int64_t row = threadIdx.x; args.end.data != nullptr && row < shape.rows;
         row += threads) {
        for (std::int64_t c = 0; c < shape.columns; ++c) {
            args.end(sample, head, row, c) = matrix[c * shape.rows + row];
        }
    }
}

template <class Real>
void launch_outer_scan(Stream& stream, const OuterScanArgs<Real>& args) {
    const OuterScanShape& shape = args.shape;
    launch(stream, "outer_scan",
           {.blocks = dim3(static_cast<unsigned>(shape.batch * shape.heads)),
            .threads = dim3(threads),
            .shared_bytes = static_cast<std::size_t>(
                outer_scan_shared_bytes(shape.rows, shape.columns, sizeof(Real)))},
           &outer_scan_of_pair_kernel<Real>, args);
}

}  // namespace

template <>
void run_outer_scan<Cuda, float>(Stream& stream, const OuterScanArgs<float>& args) {
    launch_outer_scan(stream, args);
}
template <>
void run_outer_scan<Cuda, double>(Stream& stream, const OuterScanArgs<double>& args) {
    launch_outer_scan(stream, args);
}

}  // namespace elm
