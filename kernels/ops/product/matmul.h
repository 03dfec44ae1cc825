#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// products[slice] = left right + bias, where slice = batch index * parts + part and a part is the
/// sum over its own inner_per_part inner indices; the bias goes to part 0.
/// Shapes: left (batch, rows, inner), or (batch, inner, rows) if left_transposed; right (batch,
/// inner, columns), or (batch, columns, inner) if right_transposed; bias (columns), or no data;
/// products (batch * parts, rows, columns).
template <class Real>
struct MatmulArgs {
    View<const Real, 3> left;
    View<const Real, 3> right;
    View<const Real, 1> bias;
    View<Real, 3> products;
    bool left_transposed;
    bool right_transposed;
    std::int64_t inner_per_part;

    ELM_HD std::int64_t inner() const { return left.extent[left_transposed ? 1 : 2]; }
    ELM_HD std::int64_t parts() const {
        return left.extent[0] == 0 ? 1 : products.extent[0] / left.extent[0];
    }
};

template <class Backend, class Real>
void run_matmul(Stream& stream, const MatmulArgs<Real>& args);

template <class Real>
inline constexpr Kernel<MatmulArgs<Real>> matmul_kernel{"matmul", &run_matmul<Cpu, Real>,
                                                        ELM_IF_CUDA((&run_matmul<Cuda, Real>))};

/// One side of a product: matrices (rows, columns), or one for each sample (batch, rows, columns),
/// read as their transposes if so said.
struct Factor {
    Tensor matrix;
    bool transposed = false;
};

/// left right + bias, of rank 2 or 3 as the factors are; bias (columns) is added to each row and
/// may be undefined. Long inner sums over few results are cut into parts, which are added in order;
/// their number follows from the shapes alone, so the bits do not depend on the thread count.
/// Throws Error{invalid} for factors that do not fit together.
Tensor product(Stream& stream, const Factor& left, const Factor& right, const Tensor& bias = {});

/// Differentiable product of matrices: (rows, inner) (inner, columns), or the same for each sample
/// of a batch, the first axis of both. Throws Error{invalid} for factors that do not fit together.
Var matmul(Context& context, const Var& left, const Var& right);

/// A fully connected layer: output = input weightᵀ + bias.
/// Shapes: input (..., in), weight (out, in), bias (out), output (..., out). Throws Error{invalid}
/// naming the argument whose shape does not fit.
Var linear(Context& context, const Var& input, const Var& weight, const Var& bias);
/// The same without a bias.
Var linear(Context& context, const Var& input, const Var& weight);

}  // namespace elm
