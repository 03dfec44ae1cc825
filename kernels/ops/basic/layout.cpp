#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/axis.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/layout_body.h"

namespace elm {

namespace {

template <class Real>
ELM_INLINE void copy_row(const Real* from, std::int64_t count, Real* to) {
    constexpr std::int64_t N = lanes::native<Real>;
    std::int64_t k = 0;
    for (; k + N <= count; k += N) lanes::store<Real, N>(to + k, lanes::load<Real, N>(from + k));
    if (k == count) return;
    lanes::store_first<Real, N>(to + k, count - k, lanes::load_first<Real, N>(from + k, count - k));
}

/// Pieces of long rows, or many short rows at once: as they are in heads and gates.
template <class Real>
void copy_rows(const CopyColumnsArgs<Real>& args) {
    constexpr std::int64_t elements_per_task = 8192;
    const std::int64_t rows = args.source.extent[0], columns = args.columns;
    if (columns == 0) return;
    const std::int64_t piece = std::min(columns, elements_per_task);
    const std::int64_t pieces = (columns + piece - 1) / piece;
    const std::int64_t rows_per_task = elements_per_task / piece;
    Cpu::for_each_task((rows + rows_per_task - 1) / rows_per_task * pieces, [&](std::int64_t task) {
        const std::int64_t first = task % pieces * piece, count = std::min(piece, columns - first);
        const std::int64_t begin = task / pieces * rows_per_task;
        for (std::int64_t row = begin; row < std::min(begin + rows_per_task, rows); ++row) {
            copy_row(&args.source(row, args.source_first + first), count,
                     &args.destination(row, args.destination_first + first));
        }
    });
}

/// to[k][i] = from[i][k], rows `from_row` and `to_row` apart: squares of whole vectors in
/// registers, and what is left at two edges one by one.
template <class Real>
void transpose_matrix(const Real* from, std::int64_t from_row, Real* to, std::int64_t to_row,
                      std::int64_t rows, std::int64_t columns) {
    constexpr std::int64_t N = lanes::native<Real>;
    const std::int64_t whole_rows = rows / N * N, whole_columns = columns / N * N;
    for (std::int64_t i = 0; i < whole_rows; i += N) {
        for (std::int64_t k = 0; k < whole_columns; k += N) {
            lanes::Vec<Real, N> square[N];
#pragma GCC unroll 16
            for (int r = 0; r < N; ++r) {
                square[r] = lanes::load<Real, N>(from + (i + r) * from_row + k);
            }
            lanes::transpose<Real, N>(square);
#pragma GCC unroll 16
            for (int r = 0; r < N; ++r) {
                lanes::store<Real, N>(to + (k + r) * to_row + i, square[r]);
            }
        }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t k = i < whole_rows ? whole_columns : 0; k < columns; ++k) {
            to[k * to_row + i] = from[i * from_row + k];
        }
    }
}

template <class Real>
void transpose_axes(const TransposeArgs<Real>& args) {
    constexpr std::int64_t rows_per_task = 64;
    const auto& n = args.result.extent;  // a, k, b, i, c
    const std::int64_t blocks = (n[3] + rows_per_task - 1) / rows_per_task;
    Cpu::for_each_task(n[0] * n[2] * blocks, [&](std::int64_t task) {
        const std::int64_t first = task % blocks * rows_per_task;
        const std::int64_t b = task / blocks % n[2], a = task / blocks / n[2];
        const std::int64_t rows = std::min(rows_per_task, n[3] - first);
        const Real* const from = &args.input(a, first, b, 0, 0);
        Real* const to = &args.result(a, 0, b, first, 0);
        const std::int64_t from_row = n[2] * n[1] * n[4], to_row = n[2] * n[3] * n[4];
        if (n[4] == 1) return transpose_matrix(from, from_row, to, to_row, rows, n[1]);
        for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t k = 0; k < n[1]; ++k) {
                std::copy_n(from + i * from_row + k * n[4], n[4], to + k * to_row + i * n[4]);
            }
        }
    });
}

}  // namespace

template <>
void run_copy_columns<Cpu, float>(Stream&, const CopyColumnsArgs<float>& args) {
    copy_rows(args);
}
template <>
void run_copy_columns<Cpu, double>(Stream&, const CopyColumnsArgs<double>& args) {
    copy_rows(args);
}
template <>
void run_transpose<Cpu, float>(Stream&, const TransposeArgs<float>& args) {
    transpose_axes(args);
}
template <>
void run_transpose<Cpu, double>(Stream&, const TransposeArgs<double>& args) {
    transpose_axes(args);
}

namespace {

/// All axes before `axis` in one, and the others in one.
Shape rows_at(const Shape& shape, int axis) {
    const Shape around = around_axis(shape, axis);
    return {around[0], around[1] * around[2]};
}

/// Copies the indices [source_first, + count) of `axis` to [destination_first, + count).
void copy_range(Stream& stream, int axis, const Tensor& source, std::int64_t source_first,
                const Tensor& destination, std::int64_t destination_first, std::int64_t count) {
    const std::int64_t step = around_axis(source.shape(), axis)[2];
    visit_real(source.dtype(), [&]<class Real>(Real) {
        copy_columns_kernel<Real>(
            stream, {view<const Real, 2>(source.reshape(rows_at(source.shape(), axis))),
                     source_first * step,
                     view<Real, 2>(destination.reshape(rows_at(destination.shape(), axis))),
                     destination_first * step, count * step});
    });
}

Tensor cut(Stream& stream, const Tensor& input, int axis, std::int64_t begin, std::int64_t count) {
    const Tensor result = Tensor::empty(stream, input.shape().with(axis, count), input.dtype());
    copy_range(stream, axis, input, begin, result, 0, count);
    return result;
}

Tensor surround(Stream& stream, const Tensor& input, int axis, std::int64_t before,
                std::int64_t after) {
    const std::int64_t count = input.shape()[axis];
    const Tensor result =
        Tensor::zeros(stream, input.shape().with(axis, before + count + after), input.dtype());
    copy_range(stream, axis, input, 0, result, before, count);
    return result;
}

/// The parts one after the other along one axis of a tensor of this shape.
Tensor join(Stream& stream, std::span<const Tensor> parts, const Shape& shape, int axis) {
    const Tensor result = Tensor::empty(stream, shape, parts.front().dtype());
    std::int64_t at = 0;
    for (const Tensor& part : parts) {
        const std::int64_t count = part.shape()[axis];
        copy_range(stream, axis, part, 0, result, at, count);
        at += count;
    }
    return result;
}

template <class Real>
View<Real, 5> view_around(const Tensor& tensor, int first, int second) {
    View<Real, 5> result{reinterpret_cast<Real*>(tensor.data()), {1, 1, 1, 1, 1}};
    const Shape& shape = tensor.shape();
    for (int axis = 0; axis < shape.rank(); ++axis) {
        const int place = axis < first     ? 0
                          : axis == first  ? 1
                          : axis < second  ? 2
                          : axis == second ? 3
                                           : 4;
        result.extent[place] *= shape[axis];
    }
    return result;
}

/// first <= second.
Tensor swap_axes(Stream& stream, const Tensor& input, int first, int second) {
    const Shape& shape = input.shape();
    const Tensor result = Tensor::empty(
        stream, shape.with(first, shape[second]).with(second, shape[first]), input.dtype());
    visit_real(input.dtype(), [&]<class Real>(Real) {
        transpose_kernel<Real>(stream, {view_around<const Real>(input, first, second),
                                        view_around<Real>(result, first, second)});
    });
    return result;
}

}  // namespace

Var reshape(Context& context, const Var& input, const Shape& shape) {
    return record(context, input.value.reshape(shape), {input},
                  [shape = input.value.shape()](Stream& stream, const Tensor& gradient,
                                                std::span<GradSink> sinks) {
                      sinks[0].deliver(stream, gradient.reshape(shape));
                  });
}

Var transpose(Context& context, const Var& input, int first_axis, int second_axis) {
    const int a = require_axis(input.value.shape(), first_axis, "transpose");
    const int b = require_axis(input.value.shape(), second_axis, "transpose");
    if (a == b) return input;
    const int first = std::min(a, b), second = std::max(a, b);
    return record(
        context, swap_axes(context.stream, input.value, first, second), {input},
        [first, second](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            sinks[0].deliver(stream, swap_axes(stream, gradient, first, second));
        });
}

Var slice(Context& context, const Var& input, int axis, std::int64_t begin, std::int64_t end) {
    const int counted = require_axis(input.value.shape(), axis, "slice");
    const std::int64_t extent = input.value.shape()[counted];
    ELM_CHECK(0 <= begin && begin <= end && end <= extent,
              "slice: indices {} to {} of axis {} of shape {}", begin, end, axis,
              to_string(input.value.shape()));
    return record(context, cut(context.stream, input.value, counted, begin, end - begin), {input},
                  [=](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      sinks[0].deliver(stream,
                                       surround(stream, gradient, counted, begin, extent - end));
                  });
}

std::vector<Var> split(Context& context, const Var& input, int axis) {
    const Shape shape = input.value.shape();
    const int counted = require_axis(shape, axis, "split");
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < shape[counted]; ++i) {
        parts.push_back(cut(context.stream, input.value, counted, i, 1));
    }
    if (parts.empty()) return {};
    return record(
        context, parts, {input},
        [=](Stream& stream, std::span<const Tensor> gradients, std::span<GradSink> sinks) {
            sinks[0].deliver(stream, join(stream, gradients, shape, counted));
        });
}

Var pad(Context& context, const Var& input, int axis, std::int64_t before, std::int64_t after) {
    const int counted = require_axis(input.value.shape(), axis, "pad");
    ELM_CHECK(before >= 0 && after >= 0, "pad: {} zeros before and {} after", before, after);
    const std::int64_t count = input.value.shape()[counted];
    return record(context, surround(context.stream, input.value, counted, before, after), {input},
                  [=](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      sinks[0].deliver(stream, cut(stream, gradient, counted, before, count));
                  });
}

Var concatenate(Context& context, std::span<const Var> inputs, int axis) {
    ELM_CHECK(!inputs.empty(), "concatenate: there are no inputs");
    const Shape& first = inputs.front().value.shape();
    const int counted = require_axis(first, axis, "concatenate");
    std::vector<std::int64_t> counts;
    std::int64_t total = 0;
    for (const Var& input : inputs) {
        const Shape& shape = input.value.shape();
        ELM_CHECK(shape.rank() == first.rank() && shape.with(counted, 0) == first.with(counted, 0),
                  "concatenate: shapes {} and {} differ beside axis {}", to_string(first),
                  to_string(shape), axis);
        counts.push_back(shape[counted]);
        total += counts.back();
    }
    std::vector<Tensor> parts;
    for (const Var& input : inputs) parts.push_back(input.value);
    return record(
        context, join(context.stream, parts, first.with(counted, total), counted), inputs,
        [counted, counts](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            std::int64_t begin = 0;
            for (std::size_t i = 0; i < sinks.size(); ++i) {
                if (sinks[i].wanted()) {
                    sinks[i].deliver(stream, cut(stream, gradient, counted, begin, counts[i]));
                }
                begin += counts[i];
            }
        });
}

}  // namespace elm
