#include "kernels/ops/product/matmul.h"

#include "kernels/ops/product/product_tile.cuh"

namespace elm {
namespace {

template <class Real>
struct MatmulProblem {
    MatmulArgs<Real> args;
    std::int64_t parts;
    bool left_along_inner, right_along_inner;

    __device__ InnerRange inner(std::int64_t slice) const {
        const std::int64_t begin = slice % parts * args.inner_per_part;
        const std::int64_t end = begin + args.inner_per_part;
        return {begin, end < args.inner() ? end : args.inner()};
    }
    __device__ Real left(std::int64_t slice, std::int64_t row, std::int64_t k) const {
        const std::int64_t sample = slice / parts;
        return args.left_transposed ? args.left(sample, k, row) : args.left(sample, row, k);
    }
    __device__ Real right(std::int64_t slice, std::int64_t k, std::int64_t column) const {
        const std::int64_t sample = slice / parts;
        return args.right_transposed ? args.right(sample, column, k)
                                     : args.right(sample, k, column);
    }
    __device__ void store(std::int64_t slice, std::int64_t row, std::int64_t column,
                          Real sum) const {
        const bool biased = args.bias.data != nullptr && slice % parts == 0;
        args.products(slice, row, column) = biased ? sum + args.bias(column) : sum;
    }
};

template <class Real>
void launch_matmul(Stream& stream, const MatmulArgs<Real>& args) {
    const auto [slices, rows, columns] = args.products.extent;
    launch_product<Real>(
        stream, "matmul", {slices, rows, columns},
        MatmulProblem<Real>{args, args.parts(), !args.left_transposed, args.right_transposed});
}

}  // namespace

template <>
void run_matmul<Cuda, float>(Stream& stream, const MatmulArgs<float>& args) {
    launch_matmul(stream, args);
}
template <>
void run_matmul<Cuda, double>(Stream& stream, const MatmulArgs<double>& args) {
    launch_matmul(stream, args);
}

}  // namespace elm
