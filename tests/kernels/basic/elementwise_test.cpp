#include "kernels/ops/basic/elementwise.h"

#include <gtest/gtest.h>

#include <functional>

#include "kernels/core/support/error.h"
#include "tests/reference/elementwise_reference.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

using Binary = Var (*)(Context&, const Var&, const Var&);

OpCase binary_case(const std::string& name, Binary op, std::function<double(double, double)> exact,
                   const Shape& left, const Shape& right) {
    return {.name = name,
            .inputs = {{.name = "left", .shape = left}, {.name = "right", .shape = right}},
            .run =
                [op](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{op(context, in[0], in[1])};
                },
            .reference =
                [exact](const Arrays& in) {
                    return Arrays{reference::elementwise(in[0], in[1], exact)};
                },
            .longest_sum = right.size() == 0 ? 1 : left.size() / right.size()};
}

/// Every op for the same shapes: alike, one row for all, one element for all.
std::vector<OpCase> binary_cases() {
    const std::vector<std::tuple<std::string, Binary, std::function<double(double, double)>>> ops =
        {{"add", add, std::plus<>{}},
         {"subtract", subtract, std::minus<>{}},
         {"multiply", multiply, std::multiplies<>{}}};
    std::vector<OpCase> cases;
    for (const auto& [name, op, exact] : ops) {
        const auto put = [&cases, name = name, op = op, exact = exact](
                             const std::string& what, const Shape& left, const Shape& right) {
            cases.push_back(binary_case(name + "_" + what, op, exact, left, right));
        };
        put("one", {1}, {1});
        put("odd_sizes", {7, 33}, {7, 33});
        put("many_elements", {33, 257}, {33, 257});
        put("row", {33, 7}, {7});
        put("row_for_many", {257, 3}, {3});
        put("row_of_three_axes", {2, 33, 5}, {5});
        put("matrix_for_a_batch", {7, 3, 5}, {3, 5});
        put("one_for_all", {7, 3}, {});
        put("no_rows", {0, 7}, {7});
        put("no_columns", {7, 0}, {0});
    }
    return cases;
}

OpCase scale_case(const std::string& name, const Shape& shape, double factor, double offset) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = shape}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{scale(context, in[0], factor, offset)};
                },
            .reference =
                [=](const Arrays& in) {
                    const auto exact = [=](double x, double) { return factor * x + offset; };
                    return Arrays{reference::elementwise(in[0], {0}, exact)};
                }};
}

ELM_OP_CASES(elementwise, binary_cases());
ELM_OP_CASES(scale, (std::vector<OpCase>{
                        scale_case("one", {1}, 2, 0), scale_case("odd_sizes", {7, 33}, -0.3, 1),
                        scale_case("many", {257, 33}, 1e10, 0), scale_case("by_zero", {7}, 0, 0),
                        scale_case("empty", {0, 3}, 2, 1)}));

TEST(Elementwise, names_the_shapes_that_do_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    EXPECT_THROW(multiply(context, zeros({3}), zeros({2, 3})), Error);
    EXPECT_THROW(subtract(context, zeros({2, 3}), zeros({2})), Error);
    try {
        add(context, zeros({2, 3}), zeros({2}));
        FAIL() << "a column was taken for a row";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  "add: the right side has shape (2), expected the last axes of (2, 3)");
    }
}

TEST(Elementwise, a_value_used_twice_gets_both_gradients) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const double number = 3;
    const Tensor value = Tensor::from<double>(stream, {1}, {&number, 1});
    const Tensor gradient = Tensor::zeros(stream, {1}, DType::f64);
    const Var x = tape.leaf({value, gradient});
    tape.backward(stream, subtract(context, multiply(context, x, x), x));
    EXPECT_EQ(gradient.host<double>()[0], 5);  // d (x^2 - x) / dx at 3
}

}  // namespace
}  // namespace elm::test
