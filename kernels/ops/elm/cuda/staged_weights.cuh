#pragma once

/// Matrix times the columns of S samples in a block that keeps its matrices on chip: shared by the
/// ELM recurrence and its backward pass.
///
/// Matrices lie one after another, each column by column (n_in, n_out); as many leading values as
/// fit are in shared memory, the others stay in global memory, which the second-level cache serves.
/// A step is one pass per matrix: unit u's thread adds W[k][u] x[k][0..S) over its share of the
/// columns; shares are added in fixed order, so a result does not depend on timing.

#include <algorithm>
#include <cstdint>

#include "kernels/core/cuda/device.cuh"
#include "kernels/core/host_device.h"

namespace elm::staged {

inline constexpr int most_threads = 256;

/// S values of neighbouring samples, moved as one vector where the hardware can.
template <class Real, int S>
struct alignas(S * sizeof(Real) < 16 ? S * sizeof(Real) : 16) Pack {
    Real value[S];
};

/// How a block's threads share a matrix: `parts` groups, each adding a share of the columns.
ELM_HD inline int group_size(std::int64_t n_out) {
    return static_cast<int>((n_out + 31) / 32 * 32);
}
ELM_HD inline int part_count(int threads, int n_out) {
    const int parts = threads / group_size(n_out);
    return parts < 1 ? 1 : parts;
}

/// Matrices in global memory, and a copy of the first `resident` values in shared memory.
template <class Real>
struct StagedValues {
    const Real* global;
    const Real* shared;
    std::int64_t resident;

    /// Value `at`, from wherever it is.
    __device__ const Real* from(std::int64_t at, std::int64_t count) const {
        return at + count <= resident ? shared + at : global + at;
    }
};

/// All threads copy what is resident; a barrier must follow.
template <class Real>
__device__ void stage(const StagedValues<Real>& values, Real* shared) {
    for (std::int64_t i = threadIdx.x; i < values.resident; i += blockDim.x) {
        shared[i] = values.global[i];
    }
}

/// Adds W[k][unit] x[k - shift] for columns [from, to).
template <class Real, int S>
__device__ void add_columns(Pack<Real, S>& sum, const Real* weight, int n_out, int unit,
                            const Pack<Real, S>* x, int shift, int from, int to) {
#pragma unroll 4
    for (int k = from; k < to; ++k) {
        const Real w = weight[std::int64_t{k} * n_out + unit];
        const Pack<Real, S> column = x[k - shift];
#pragma unroll
        for (int s = 0; s < S; ++s) sum.value[s] += w * column.value[s];
    }
}

/// The same for the matrix that begins at value `at`, part of which may be in shared memory.
template <class Real, int S>
__device__ void add_columns(Pack<Real, S>& sum, const StagedValues<Real>& values, std::int64_t at,
                            int n_out, int unit, const Pack<Real, S>* x, int shift, int from,
                            int to) {
    const std::int64_t left = values.resident - at;
    const std::int64_t columns = left > 0 ? left / n_out : 0;
    const int middle = columns < from ? from : columns < to ? static_cast<int>(columns) : to;
    add_columns<Real, S>(sum, values.shared + at, n_out, unit, x, shift, from, middle);
    add_columns<Real, S>(sum, values.global + at, n_out, unit, x, shift, middle, to);
}

/// Calls share(unit, part, first column, end column) for this thread's shares of a matrix.
template <class Share>
__device__ void for_each_share(int n_in, int n_out, const Share& share) {
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    const int group = group_size(n_out), parts = part_count(threads, n_out);
    const int part = group < threads ? thread / group : 0;
    const int stride = group < threads ? group : threads;
    if (part >= parts) return;
    for (int unit = group < threads ? thread % group : thread; unit < n_out; unit += stride) {
        share(unit, part, n_in * part / parts, n_in * (part + 1) / parts);
    }
}

/// start + the parts of a unit's sum for one sample, in their order.
template <class Real, int S>
__device__ Real sum_of_parts(Real start, const Pack<Real, S>* partial, int parts, int n_out,
                             int unit, int sample) {
    for (int p = 0; p < parts; ++p) start += partial[p * n_out + unit].value[sample];
    return start;
}

/// Values that fit into `room` bytes of shared memory beside `packs` packs of S, as a multiple of
/// 16 bytes and of a pack; `total` at most.
template <class Real, int S>
std::int64_t resident_values(std::int64_t total, std::int64_t packs, std::size_t room) {
    constexpr std::int64_t unit = 16 / static_cast<std::int64_t>(sizeof(Real)) > S
                                      ? 16 / static_cast<std::int64_t>(sizeof(Real))
                                      : S;
    const std::int64_t left = static_cast<std::int64_t>(room / sizeof(Real)) - packs * S;
    const std::int64_t rounded = (total + unit - 1) / unit * unit;
    return std::max<std::int64_t>(0, std::min(rounded, left / unit * unit));
}

/// Calls launch(std::integral_constant<int, S>) with as few samples a block as fill the device
/// once: more of them only lengthen each step.
template <class Launch>
void with_samples_per_block(std::int64_t batch, std::int64_t multiprocessors,
                            const Launch& launch) {
    if (batch <= multiprocessors) return launch(std::integral_constant<int, 1>{});
    if (batch <= 2 * multiprocessors) return launch(std::integral_constant<int, 2>{});
    if (batch <= 4 * multiprocessors) return launch(std::integral_constant<int, 4>{});
    launch(std::integral_constant<int, 8>{});
}

}  // namespace elm::staged
