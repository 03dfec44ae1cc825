#include "kernels/ops/basic/reduction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "kernels/core/algorithms/sum.h"
#include "kernels/core/axis.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/reduction_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

enum class Kind { sum, mean, maximum };

Var apply(Context& context, const Var& input, Kind kind, std::optional<int> axis) {
    switch (kind) {
        case Kind::sum:
            return axis ? sum(context, input, *axis) : sum(context, input);
        case Kind::mean:
            return axis ? mean(context, input, *axis) : mean(context, input);
        default:
            return axis ? maximum(context, input, *axis) : maximum(context, input);
    }
}

std::vector<double> expected(const std::vector<double>& values, const Shape& middle, Kind kind) {
    const auto size = [&](int axis) { return static_cast<std::size_t>(middle[axis]); };
    const bool largest = kind == Kind::maximum;
    const auto combine = [=](double a, double b) { return largest ? std::fmax(a, b) : a + b; };
    const double start = largest ? -std::numeric_limits<double>::infinity() : 0;
    auto result = reference::reduce(values, size(0), size(1), size(2), start, combine);
    if (kind == Kind::mean) {
        for (double& value : result) value /= static_cast<double>(middle[1]);
    }
    return result;
}

/// Over all elements if there is no axis.
OpCase reduction_case(Kind kind, const std::string& what, const Shape& shape,
                      std::optional<int> axis) {
    const std::vector<std::string> names = {"sum", "mean", "maximum"};
    const Shape middle =
        axis ? around_axis(shape, require_axis(shape, *axis, "")) : Shape{1, shape.size(), 1};
    return {.name = names[static_cast<std::size_t>(kind)] + "_" + what,
            .inputs = {{.name = "input", .shape = shape}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{apply(context, in[0], kind, axis)};
                },
            .reference = [=](const Arrays& in) { return Arrays{expected(in[0], middle, kind)}; },
            .longest_sum = middle[1]};
}

/// The opposite of a sum over `axis` of the result.
OpCase repeat_case(const std::string& what, const Shape& shape, int axis, std::int64_t count) {
    std::size_t columns = 1;
    for (int i = axis; i < shape.rank(); ++i) columns *= static_cast<std::size_t>(shape[i]);
    return {.name = "repeat_" + what,
            .inputs = {{.name = "input", .shape = shape}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{repeat(context, in[0], axis, count)};
                },
            .reference =
                [=](const Arrays& in) {
                    std::vector<double> result;
                    for (std::size_t at = 0; at < in[0].size(); at += columns) {
                        const auto row = in[0].begin() + static_cast<std::ptrdiff_t>(at);
                        for (std::int64_t i = 0; i < count; ++i) {
                            result.insert(result.end(), row,
                                          row + static_cast<std::ptrdiff_t>(columns));
                        }
                    }
                    return Arrays{result};
                },
            .longest_sum = count};
}

std::vector<OpCase> cases() {
    std::vector<OpCase> all{repeat_case("behind", {7, 33}, 2, 5),
                            repeat_case("in_front", {7, 33}, 0, 3),
                            repeat_case("between", {2, 3, 5}, 1, 130),
                            repeat_case("once", {9}, 1, 1), repeat_case("never", {3, 4}, 1, 0)};
    for (const Kind kind : {Kind::sum, Kind::mean, Kind::maximum}) {
        const auto put = [&](const std::string& what, const Shape& shape, std::optional<int> axis) {
            all.push_back(reduction_case(kind, what, shape, axis));
        };
        put("one", {1}, 0);
        put("last_axis", {7, 33}, -1);
        put("long_rows", {3, 257}, 1);
        put("first_axis", {33, 7}, 0);
        put("many_rows", {257, 9}, 0);
        put("time", {2, 33, 5}, 1);
        put("long_time", {2, 130, 1}, 1);
        put("second_of_four", {2, 3, 4, 5}, 1);
        put("third_of_four", {2, 3, 4, 5}, -2);
        put("all", {7, 33}, {});
        put("many", {33, 257}, {});
        put("number", {}, {});
        put("no_groups", {0, 7}, 1);
        put("no_columns", {7, 0}, 0);
    }
    all.push_back(reduction_case(Kind::sum, "of_nothing", {3, 0}, 1));
    all.push_back(reduction_case(Kind::sum, "of_no_elements", {0}, {}));
    return all;
}

ELM_OP_CASES(reduction, cases());

TEST(Reduction, gives_the_same_bits_on_any_number_of_threads) {
    Stream stream{Device{}};
    const Tensor values =
        tensor_of(stream, {1, 9000, 5}, DType::f32, random_values(9000 * 5, -1, 1, {1, 0, 0}));
    const auto compute = [&](int threads) {
        set_thread_count(threads);
        return values_of(sum_middle(stream, values));
    };
    const std::vector<double> alone = compute(1);
    EXPECT_EQ(compute(3), alone);
    set_thread_count(0);
}

/// 2^24 + 1 is no float: a single running sum would stand still there.
TEST(Reduction, sums_more_ones_than_a_float_counts) {
    Stream stream{Device{}};
    Context context{stream};
    const std::int64_t count = (1 << 24) + (1 << 20);
    const Tensor ones = Tensor::empty(stream, {count}, DType::f32);
    for (float& one : ones.host<float>()) one = 1;
    EXPECT_EQ(sum(context, {ones}).value.host<float>()[0], static_cast<float>(count));
}

TEST(Reduction, the_first_of_equal_maxima_gets_the_gradient) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const std::vector<double> values = {1, 3, 3, 2};
    const Tensor input = Tensor::from<double>(stream, {4}, values);
    const Tensor gradient = Tensor::zeros(stream, {4}, DType::f64);
    tape.backward(stream, maximum(context, tape.leaf({input, gradient})));
    EXPECT_EQ(values_of(gradient), (std::vector<double>{0, 1, 0, 0}));
}

TEST(Reduction, a_maximum_shows_what_is_not_a_number) {
    Stream stream{Device{}};
    Context context{stream};
    const std::vector<double> values = {1, std::nan(""), 3};
    const Tensor input = Tensor::from<double>(stream, {3}, values);
    EXPECT_TRUE(std::isnan(maximum(context, {input}, 0).value.host<double>()[0]));
}

TEST(Reduction, refuses_axes_that_are_not_there_and_means_of_nothing) {
    Stream stream{Device{}};
    Context context{stream};
    const Var matrix{Tensor::zeros(stream, {2, 3}, DType::f32)};
    const Var nothing{Tensor::zeros(stream, {2, 0}, DType::f32)};
    EXPECT_THROW(sum(context, matrix, 2), Error);
    EXPECT_THROW(mean(context, matrix, -3), Error);
    EXPECT_THROW(mean(context, nothing, 1), Error);
    EXPECT_THROW(maximum(context, nothing), Error);
    EXPECT_THROW(repeat(context, matrix, 3, 2), Error);
    EXPECT_THROW(repeat(context, {Tensor::zeros(stream, {1, 1, 1, 1}, DType::f32)}, 0, 2), Error);
}

}  // namespace
}  // namespace elm::test
