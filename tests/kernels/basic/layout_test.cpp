#include "kernels/ops/basic/layout.h"

#include <numeric>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/reference/layout_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using reference::at;
using reference::build;
using reference::Index;

/// The shape in rank 4, with ones in front.
Index padded(const Shape& shape) {
    Index result = {1, 1, 1, 1};
    for (int axis = 0; axis < shape.rank(); ++axis) {
        result[static_cast<std::size_t>(4 - shape.rank() + axis)] =
            static_cast<std::size_t>(shape[axis]);
    }
    return result;
}

std::size_t padded_axis(const Shape& shape, int axis) {
    return static_cast<std::size_t>(axis < 0 ? 4 + axis : 4 - shape.rank() + axis);
}

using Run = std::function<Var(Context&, const Var&)>;
using Reference = std::function<std::vector<double>(const std::vector<double>&)>;

OpCase one_input_case(const std::string& name, const Shape& shape, const Run& run,
                      const Reference& exact) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = shape}},
            .run = [run](Context& context,
                         std::span<const Var> in) { return std::vector<Var>{run(context, in[0])}; },
            .reference = [exact](const Arrays& in) { return Arrays{exact(in[0])}; }};
}

OpCase transpose_case(const std::string& name, const Shape& shape, int first, int second) {
    const Index from = padded(shape);
    const std::size_t a = padded_axis(shape, first), b = padded_axis(shape, second);
    return one_input_case(
        "transpose_" + name, shape,
        [=](Context& context, const Var& x) { return transpose(context, x, first, second); },
        [=](const std::vector<double>& values) {
            Index to = from;
            std::swap(to[a], to[b]);
            return build(to, [&](Index index) {
                std::swap(index[a], index[b]);
                return at(values, from, index);
            });
        });
}

/// Indices [begin, end) of one axis: a slice, or zeros where they are outside.
OpCase window_case(const std::string& name, const Shape& shape, int axis, std::int64_t begin,
                   std::int64_t end) {
    const Index from = padded(shape);
    const std::size_t k = padded_axis(shape, axis);
    const auto extent = static_cast<std::int64_t>(from[k]);
    const bool inside = begin >= 0 && end <= extent;
    return one_input_case((inside ? "slice_" : "pad_") + name, shape,
                          [=](Context& context, const Var& x) {
                              return inside ? slice(context, x, axis, begin, end)
                                            : pad(context, x, axis, -begin, end - extent);
                          },
                          [=](const std::vector<double>& values) {
                              Index to = from;
                              to[k] = static_cast<std::size_t>(end - begin);
                              return build(to, [&](Index index) {
                                  const std::int64_t source =
                                      begin + static_cast<std::int64_t>(index[k]);
                                  if (source < 0 || source >= extent) return 0.0;
                                  index[k] = static_cast<std::size_t>(source);
                                  return at(values, from, index);
                              });
                          });
}

OpCase split_case(const std::string& name, const Shape& shape, int axis) {
    return {.name = "split_" + name,
            .inputs = {{.name = "input", .shape = shape}},
            .run = [axis](Context& context,
                          std::span<const Var> in) { return split(context, in[0], axis); },
            .reference =
                [=](const Arrays& in) {
                    const Index from = padded(shape);
                    const std::size_t k = padded_axis(shape, axis);
                    Index to = from;
                    to[k] = 1;
                    Arrays parts;
                    for (std::size_t i = 0; i < from[k]; ++i) {
                        parts.push_back(build(to, [&](Index index) {
                            index[k] = i;
                            return at(in[0], from, index);
                        }));
                    }
                    return parts;
                }};
}

OpCase concatenate_case(const std::string& name, const Shape& shape, int axis,
                        const std::vector<std::int64_t>& counts) {
    const std::size_t k = padded_axis(shape, axis);
    OpCase op{.name = "concatenate_" + name,
              .inputs = {},
              .run =
                  [axis](Context& context, std::span<const Var> in) {
                      return std::vector<Var>{concatenate(context, in, axis)};
                  },
              .reference =
                  [=](const Arrays& in) {
                      Index to = padded(shape);
                      to[k] = 0;
                      for (const std::int64_t count : counts) {
                          to[k] += static_cast<std::size_t>(count);
                      }
                      return Arrays{build(to, [&](Index index) {
                          std::size_t i = 0;
                          while (index[k] >= static_cast<std::size_t>(counts[i])) {
                              index[k] -= static_cast<std::size_t>(counts[i++]);
                          }
                          Index from = padded(shape);
                          from[k] = static_cast<std::size_t>(counts[i]);
                          return at(in[i], from, index);
                      })};
                  }};
    const int counted = axis < 0 ? axis + shape.rank() : axis;
    for (const std::int64_t count : counts) {
        op.inputs.push_back({.name = "input", .shape = shape.with(counted, count)});
    }
    return op;
}

std::vector<OpCase> cases() {
    return {transpose_case("one", {1, 1}, 0, 1),
            transpose_case("odd_sizes", {7, 33}, 0, 1),
            transpose_case("many", {33, 257}, 1, 0),
            transpose_case("whole_vectors", {80, 32}, 0, 1),
            transpose_case("batch", {3, 7, 5}, 1, -1),
            transpose_case("outer_axes", {3, 7, 5}, 0, 1),
            transpose_case("ends", {2, 3, 4, 5}, 0, 3),
            transpose_case("middle", {2, 3, 4, 5}, 1, 2),
            transpose_case("heads", {2, 3, 4, 5}, -3, -2),
            transpose_case("same_axis", {3, 5}, 1, 1),
            transpose_case("empty", {0, 7}, 0, 1),
            window_case("one", {1}, 0, 0, 1),
            window_case("rows", {33, 7}, 0, 5, 12),
            window_case("columns", {7, 257}, -1, 100, 133),
            window_case("time", {2, 33, 5}, 1, 1, 33),
            window_case("nothing", {7, 3}, 1, 2, 2),
            split_case("one", {1}, 0),
            split_case("rows", {3, 7}, 0),
            split_case("columns", {7, 5}, -1),
            split_case("time", {2, 4, 5}, 1),
            window_case("one", {1}, 0, -1, 2),
            window_case("rows", {33, 7}, 0, -3, 33),
            window_case("columns", {7, 33}, 1, 0, 40),
            window_case("time", {2, 33, 5}, 1, -7, 34),
            window_case("nothing", {0, 3}, 0, -2, 1),
            concatenate_case("one", {1}, 0, {1, 1}),
            concatenate_case("rows", {1, 33}, 0, {7, 1, 3}),
            concatenate_case("columns", {33, 1}, -1, {7, 257}),
            concatenate_case("time", {2, 1, 5}, 1, {3, 0, 4}),
            concatenate_case("alone", {7, 3}, 0, {7})};
}

ELM_OP_CASES(layout, cases());
ELM_OP_CASES(reshape, (std::vector<OpCase>{one_input_case(
                          "to_rows", {2, 3, 4},
                          [](Context& context, const Var& x) {
                              return reshape(context, x, {6, 4});
                          },
                          [](const std::vector<double>& values) { return values; })}));

TEST(Layout, rows_of_any_length_are_copied_whole) {
    Stream stream{Device{}};
    Context context{stream};
    constexpr std::int64_t around = 5;
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const auto& [rows, columns] :
             std::vector<std::pair<std::int64_t, std::int64_t>>{{3, 1},
                                                                {3, 15},
                                                                {3, 16},
                                                                {3, 17},
                                                                {3, 31},
                                                                {20'000, 1},
                                                                {20'000, 31},
                                                                {3, 8191},
                                                                {3, 8192},
                                                                {3, 8193},
                                                                {2, 20'000}}) {
            const std::int64_t width = columns + 2 * around;
            std::vector<double> values(static_cast<std::size_t>(rows * width));
            std::iota(values.begin(), values.end(), 1);  // all of them are float32 numbers
            const Tensor input = tensor_of(stream, {rows, width}, dtype, values);
            const Tensor inner = slice(context, {input}, 1, around, around + columns).value;
            const std::vector<double> found = values_of(inner);
            const std::vector<double> framed =
                values_of(pad(context, {inner}, 1, around, around).value);
            ASSERT_EQ(std::ssize(found), rows * columns);
            ASSERT_EQ(framed.size(), values.size());
            for (std::int64_t row = 0; row < rows; ++row) {
                for (std::int64_t column = 0; column < width; ++column) {
                    const auto k = static_cast<std::size_t>(row * width + column);
                    const bool outside = column < around || column >= around + columns;
                    ASSERT_EQ(framed[k], outside ? 0 : values[k]) << row << " " << column;
                    if (outside) continue;
                    const auto i = static_cast<std::size_t>(row * columns + column - around);
                    ASSERT_EQ(found[i], values[k]) << row << " " << column;
                }
            }
        }
    }
}

TEST(Layout, refuses_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const std::vector<Var> unlike = {zeros({2, 3}), zeros({2, 4})};
    EXPECT_THROW(transpose(context, zeros({2, 3}), 0, 2), Error);
    EXPECT_THROW(slice(context, zeros({2, 3}), 1, 2, 4), Error);
    EXPECT_THROW(slice(context, zeros({2, 3}), 1, 2, 1), Error);
    EXPECT_THROW(pad(context, zeros({2, 3}), 1, -1, 0), Error);
    EXPECT_THROW(concatenate(context, unlike, 0), Error);
    EXPECT_THROW(concatenate(context, {}, 0), Error);
    EXPECT_THROW(reshape(context, zeros({2, 3}), {5}), Error);
    EXPECT_EQ(concatenate(context, unlike, 1).value.shape(), (Shape{2, 7}));
}

}  // namespace
}  // namespace elm::test
