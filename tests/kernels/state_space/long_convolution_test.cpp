#include "kernels/ops/spectral/convolution/long_convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/state_space_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, time, features, length;
};

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

OpCase convolution_case(const std::string& name, const Sizes& n) {
    return {
        .name = name,
        .inputs = {{.name = "input", .shape = {n.batch, n.time, n.features}},
                   {.name = "filter", .shape = {n.length, n.features}}},
        .run =
            [](Context& context, std::span<const Var> in) {
                return std::vector<Var>{long_convolution(context, in[0], in[1])};
            },
        .reference =
            [n](const Arrays& in) {
                return Arrays{reference::causal_convolution(
                    in[0], in[1], size(n.batch), size(n.time), size(n.features), size(n.length))};
            },
        .longest_sum = n.batch * n.time + 1};
}

std::vector<OpCase> cases() {
    return {convolution_case("one", {1, 1, 1, 1}),
            convolution_case("two_steps", {1, 2, 1, 2}),
            convolution_case("odd_sizes", {3, 7, 5, 7}),
            convolution_case("four_steps", {2, 4, 3, 4}),
            convolution_case("eight_steps", {2, 8, 3, 8}),
            convolution_case("step_past_a_power_of_two", {2, 33, 3, 33}),
            convolution_case("many_steps", {1, 257, 2, 257}),
            convolution_case("many_features", {2, 5, 257, 5}),
            convolution_case("many_samples", {40, 6, 3, 6}),
            convolution_case("filter_shorter", {2, 33, 3, 9}),
            convolution_case("filter_longer", {2, 9, 3, 33}),
            convolution_case("no_samples", {0, 7, 3, 7}),
            convolution_case("no_steps", {2, 0, 3, 5}),
            convolution_case("no_filter", {2, 7, 3, 0}),
            convolution_case("no_features", {2, 7, 0, 7})};
}

ELM_OP_CASES(long_convolution, cases());

struct Convolution {
    Stream stream{Device{}};
    Context context{stream};

    Var tensor(const Shape& shape, const std::vector<double>& values, DType dtype = DType::f64) {
        return {tensor_of(stream, shape, dtype, values)};
    }
    std::vector<double> random(std::int64_t count, std::uint32_t purpose) {
        return random_values(count, -1, 1, {3, 0, purpose});
    }
};

TEST(LongConvolution, nothing_comes_round_from_the_end) {
    Convolution with;
    for (const std::int64_t steps : {1, 16, 31, 64}) {
        std::vector<double> pulse(size(steps), 0.0);
        pulse.back() = 1;
        const std::vector<double> filter = with.random(steps, 1);
        const std::vector<double> result =
            values_of(long_convolution(with.context, with.tensor({1, steps, 1}, pulse),
                                       with.tensor({steps, 1}, filter))
                          .value);
        for (std::int64_t t = 0; t + 1 < steps; ++t) EXPECT_NEAR(result[size(t)], 0, 1e-15) << t;
        EXPECT_NEAR(result.back(), filter.front(), 1e-15);
    }
}

TEST(LongConvolution, a_filter_of_ones_is_the_sum_so_far) {
    Convolution with;
    const std::vector<double> input = with.random(300, 2);
    const std::vector<double> result =
        values_of(long_convolution(with.context, with.tensor({1, 300, 1}, input),
                                   with.tensor({300, 1}, std::vector<double>(300, 1.0)))
                      .value);
    double sum = 0;
    for (std::size_t t = 0; t < 300; ++t) {
        sum += input[t];
        EXPECT_NEAR(result[t], sum, 1e-13);
    }
}

TEST(LongConvolution, a_filter_of_one_pulse_moves_the_input) {
    Convolution with;
    constexpr std::int64_t steps = 33;
    const std::vector<double> input = with.random(steps, 2);
    for (const std::int64_t lag : {0, 1, 20, 32}) {
        std::vector<double> pulse(size(steps), 0.0), expected(size(lag), 0.0);
        pulse[size(lag)] = 1;
        expected.insert(expected.end(), input.begin(), input.end() - lag);
        EXPECT_CLOSE(long_convolution(with.context, with.tensor({1, steps, 1}, input),
                                      with.tensor({steps, 1}, pulse))
                         .value,
                     expected, {.terms = steps})
            << lag;
    }
}

/// Linear in the input as in the filter: both gradients have the product with them that the output
/// has with its own.
TEST(LongConvolution, gradients_are_those_of_transposed_maps) {
    const OpCase op = convolution_case("gradient", {2, 33, 3, 33});
    const OpRun run = run_case(op, Device{}, DType::f64);
    const Arrays in = inputs_of(op);
    const auto product = [](const std::vector<double>& left, const std::vector<double>& right) {
        return std::inner_product(left.begin(), left.end(), right.begin(), 0.0);
    };
    const double wanted = product(run.outputs[0], output_gradients_of(run.outputs)[0]);
    // Sums of 33 products in each of 198 elements, of which the largest output is the size.
    const double largest = *std::max_element(run.outputs[0].begin(), run.outputs[0].end());
    const double allowed = 8 * epsilon_of(DType::f64) * 198 * largest;
    EXPECT_NEAR(product(in[0], run.gradients[0]), wanted, allowed);
    EXPECT_NEAR(product(in[1], run.gradients[1]), wanted, allowed);
}

TEST(LongConvolution, long_sequences_agree_with_float64) {
    Convolution with;
    const std::int64_t steps = 4096;
    const std::vector<double> input = with.random(2 * steps, 3), filter = with.random(steps, 4);
    const auto run = [&](DType dtype) {
        return values_of(long_convolution(with.context, with.tensor({2, steps, 1}, input, dtype),
                                          with.tensor({steps, 1}, filter, dtype))
                             .value);
    };
    EXPECT_EQ(difference(run(DType::f32), run(DType::f64), DType::f32, {.terms = steps}), "");
}

TEST(LongConvolution, has_the_same_bits_for_any_number_of_threads) {
    Convolution with;
    const Var input = with.tensor({5, 50, 40}, with.random(5 * 50 * 40, 5), DType::f32);
    Tape tape;
    Context context{.stream = with.stream, .tape = &tape};
    const auto gradient_of_filter = [&] {
        const Tensor value = tensor_of(with.stream, {50, 40}, DType::f32, with.random(50 * 40, 6));
        const Parameter filter{value, Tensor::zeros(with.stream, {50, 40}, DType::f32)};
        const Var output = long_convolution(context, input, tape.leaf(filter));
        tape.backward(with.stream, {&output, 1}, {&input.value, 1});
        return values_of(filter.gradient);
    };
    const int threads = thread_count();
    set_thread_count(1);
    const std::vector<double> one = gradient_of_filter();
    set_thread_count(3);
    EXPECT_EQ(gradient_of_filter(), one);
    set_thread_count(threads);
}

TEST(LongConvolution, names_the_argument_that_does_not_fit) {
    Convolution with;
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(with.stream, shape, DType::f32)};
    };
    try {
        long_convolution(with.context, zeros({2, 3, 4}), zeros({3, 5}));
        FAIL() << "a filter of other features was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  "long_convolution: filter (length, features) has shape (3, 5), expected (3, 4)");
    }
    EXPECT_THROW(long_convolution(with.context, zeros({3, 4}), zeros({3, 4})), Error);
}

}  // namespace
}  // namespace elm::test
