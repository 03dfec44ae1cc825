#include "kernels/ops/product/matmul.h"

#include <algorithm>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/host_product.h"

namespace elm {
namespace {

/// Rows of the result that one thread computes at a time: ten tiles of packed_product.h.
constexpr std::int64_t block_rows = 140;

template <class Real>
HostFactor<Real> factor(const View<const Real, 3>& matrices, std::int64_t sample, std::int64_t row,
                        std::int64_t column, bool transposed) {
    const std::int64_t stride = matrices.extent[2];
    const std::int64_t at = transposed ? column * stride + row : row * stride + column;
    return {matrices.data + sample * matrices.extent[1] * stride + at, stride, transposed};
}

/// One slice of the products: its sample and its share of the inner indices.
template <class Real>
struct Slice {
    Slice(const MatmulArgs<Real>& args, std::int64_t slice)
        : sample(slice / args.parts()),
          first(slice % args.parts() * args.inner_per_part),
          inner(std::min(args.inner_per_part, args.inner() - first)),
          right(factor(args.right, sample, first, 0, args.right_transposed)) {}

    std::int64_t sample, first, inner;
    HostFactor<Real> right;
};

template <class Real>
void multiply(const MatmulArgs<Real>& args) {
    const auto [slices, rows, columns] = args.products.extent;
    if (slices * rows * columns == 0) return;
    const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
    std::vector<RightFactor<Real>> rights(blocks > 1 ? static_cast<std::size_t>(slices) : 0);
    Cpu::for_each_task(std::ssize(rights), [&, columns = columns](std::int64_t index) {
        const Slice<Real> slice(args, index);
        rights[static_cast<std::size_t>(index)] =
            RightFactor<Real>(slice.inner, columns, slice.right);
    });
    Cpu::for_each_task(
        slices * blocks, [&, rows = rows, columns = columns, blocks](std::int64_t task) {
            const std::int64_t index = task / blocks, first_row = task % blocks * block_rows;
            const Slice<Real> slice(args, index);
            const std::int64_t count = std::min(block_rows, rows - first_row);
            Real* const result = args.products.data + (index * rows + first_row) * columns;
            if (args.bias.data != nullptr && slice.first == 0) {
                for (std::int64_t row = 0; row < count; ++row) {
                    std::copy_n(args.bias.data, columns, result + row * columns);
                }
            } else {
                std::fill_n(result, count * columns, Real(0));
            }
            const HostFactor<Real> left =
                factor(args.left, slice.sample, first_row, slice.first, args.left_transposed);
            if (rights.empty()) {
                add_product(count, columns, slice.inner, left, slice.right, result, columns);
            } else {
                rights[static_cast<std::size_t>(index)].add_product(count, left, result, columns);
            }
        });
}

/// How many parts a sum of `inner` terms is cut into. Few results alone would leave most of a
/// device idle; many results need no parts, whose memory they would multiply.
std::int64_t part_count(std::int64_t results, std::int64_t inner) {
    constexpr std::int64_t least_per_part = 512, most_parts = 64, most_elements = 1 << 22;
    const std::int64_t useful = (inner + least_per_part - 1) / least_per_part;
    const std::int64_t affordable = most_elements / std::max<std::int64_t>(results, 1);
    return std::clamp<std::int64_t>(useful, 1, std::clamp<std::int64_t>(affordable, 1, most_parts));
}

Tensor with_batch(const Tensor& matrix) {
    const Shape& shape = matrix.shape();
    return shape.rank() == 3 ? matrix : matrix.reshape({1, shape[0], shape[1]});
}

/// Calls the gradients of left and right for what product() computes.
void backward(Stream& stream, const Tensor& left, const Tensor& right, const Tensor& gradient,
              std::span<GradSink> sinks) {
    if (sinks[0].wanted()) sinks[0].deliver(stream, product(stream, {gradient}, {right, true}));
    if (sinks[1].wanted()) sinks[1].deliver(stream, product(stream, {left, true}, {gradient}));
}

Var apply_linear(Context& context, const Var& input, const Var& weight, const Var* bias) {
    const auto [out, in] = require_rank<2>(weight.value.shape(), "linear: weight (out, in)");
    const Shape& shape = input.value.shape();
    const int last = shape.rank() - 1;
    ELM_CHECK(last >= 0 && shape[last] == in, "linear: input has shape {}, expected (..., {})",
              to_string(shape), in);
    if (bias != nullptr) require_shape(bias->value.shape(), {out}, "linear: bias (out)");
    const Tensor rows = input.value.reshape(as_rows(shape));
    const Tensor output = product(context.stream, {rows}, {weight.value, true},
                                  bias == nullptr ? Tensor{} : bias->value);
    context.count(2 * output.shape().size() * in);
    const auto differentiate = [rows, shape, weight = weight.value](Stream& stream,
                                                                    const Tensor& output_gradient,
                                                                    std::span<GradSink> sinks) {
        const Tensor gradient = output_gradient.reshape({rows.shape()[0], weight.shape()[0]});
        if (sinks[0].wanted()) {
            sinks[0].deliver(stream, product(stream, {gradient}, {weight}).reshape(shape));
        }
        if (sinks[1].wanted()) sinks[1].deliver(stream, product(stream, {gradient, true}, {rows}));
        if (sinks.size() > 2 && sinks[2].wanted()) {
            sinks[2].deliver(stream, sum_rows(stream, gradient));
        }
    };
    const Tensor result = output.reshape(shape.with(last, out));
    if (bias == nullptr) return record(context, result, {input, weight}, differentiate);
    return record(context, result, {input, weight, *bias}, differentiate);
}

}  // namespace

template <>
void run_matmul<Cpu, float>(Stream&, const MatmulArgs<float>& args) {
    multiply(args);
}
template <>
void run_matmul<Cpu, double>(Stream&, const MatmulArgs<double>& args) {
    multiply(args);
}

Tensor product(Stream& stream, const Factor& left, const Factor& right, const Tensor& bias) {
    const int rank = left.matrix.shape().rank();
    ELM_CHECK(
        (rank == 2 || rank == 3) && right.matrix.shape().rank() == rank,
        "product: factors have shapes {} and {}, expected two matrices or two batches of them",
        to_string(left.matrix.shape()), to_string(right.matrix.shape()));
    const Tensor lefts = with_batch(left.matrix), rights = with_batch(right.matrix);
    const Shape& a = lefts.shape();
    const Shape& b = rights.shape();
    const std::int64_t batch = a[0], rows = a[left.transposed ? 2 : 1];
    const std::int64_t inner = a[left.transposed ? 1 : 2], columns = b[right.transposed ? 1 : 2];
    ELM_CHECK(b[0] == batch && b[right.transposed ? 2 : 1] == inner,
              "product: factors of shapes {}{} and {}{} do not fit together",
              to_string(left.matrix.shape()), left.transposed ? " transposed" : "",
              to_string(right.matrix.shape()), right.transposed ? " transposed" : "");

    const std::int64_t most_parts = part_count(batch * rows * columns, inner);
    const std::int64_t inner_per_part = (inner + most_parts - 1) / most_parts;
    const std::int64_t parts =
        inner == 0 ? 1 : (inner + inner_per_part - 1) / inner_per_part;  // none is empty
    const Tensor products =
        Tensor::empty(stream, {batch * parts, rows, columns}, left.matrix.dtype());
    visit_real(products.dtype(), [&]<class Real>(Real) {
        const View<const Real, 1> no_bias{nullptr, {0}};
        matmul_kernel<Real>(
            stream, {view<const Real, 3>(lefts), view<const Real, 3>(rights),
                     bias.defined() ? view<const Real, 1>(bias) : no_bias, view<Real, 3>(products),
                     left.transposed, right.transposed, inner_per_part});
    });
    const Tensor sums = parts == 1
                            ? products
                            : sum_middle(stream, products.reshape({batch, parts, rows * columns}));
    return sums.reshape(rank == 2 ? Shape{rows, columns} : Shape{batch, rows, columns});
}

Var matmul(Context& context, const Var& left, const Var& right) {
    const Tensor output = product(context.stream, {left.value}, {right.value});
    context.count(2 * output.shape().size() * right.value.shape()[right.value.shape().rank() - 2]);
    return record(context, output, {left, right},
                  [left = left.value, right = right.value](Stream& stream, const Tensor& gradient,
                                                           std::span<GradSink> sinks) {
                      backward(stream, left, right, gradient, sinks);
                  });
}

Var linear(Context& context, const Var& input, const Var& weight, const Var& bias) {
    return apply_linear(context, input, weight, &bias);
}

Var linear(Context& context, const Var& input, const Var& weight) {
    return apply_linear(context, input, weight, nullptr);
}

}  // namespace elm
