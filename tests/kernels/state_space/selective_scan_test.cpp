#include "kernels/ops/scan/state_space/selective_scan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, time, channels, states;
};

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

/// The recurrence by naive loops: {output, final}.
Arrays reference_scan(const Arrays& in, const Sizes& n) {
    Arrays result{std::vector<double>(in[0].size()), in[6]};
    std::vector<double>& state = result[1];  // (batch, states, channels)
    for (std::int64_t sample = 0; sample < n.batch; ++sample) {
        for (std::int64_t t = 0; t < n.time; ++t) {
            for (std::int64_t c = 0; c < n.channels; ++c) {
                const std::size_t at = size((sample * n.time + t) * n.channels + c);
                const double u = in[0][at], delta = in[1][at];
                double y = in[5][size(c)] * u;
                for (std::int64_t k = 0; k < n.states; ++k) {
                    const std::size_t row = size((sample * n.time + t) * n.states + k);
                    double& h = state[size((sample * n.states + k) * n.channels + c)];
                    h = std::exp(delta * in[2][size(k * n.channels + c)]) * h +
                        delta * u * in[3][row];
                    y += in[4][row] * h;
                }
                result[0][at] = y;
            }
        }
    }
    return result;
}

OpCase scan_case(const std::string& name, const Sizes& n, double largest_delta = 1) {
    const Shape shape{n.batch, n.time, n.channels}, weights{n.batch, n.time, n.states};
    return {
        .name = name,
        .inputs = {{.name = "input", .shape = shape},
                   {.name = "delta", .shape = shape, .low = 0.01, .high = largest_delta},
                   {.name = "rate", .shape = {n.states, n.channels}, .low = -2, .high = -0.1},
                   {.name = "input_weight", .shape = weights},
                   {.name = "output_weight", .shape = weights},
                   {.name = "skip", .shape = {n.channels}},
                   {.name = "initial", .shape = {n.batch, n.states, n.channels}}},
        .run =
            [](Context& context, std::span<const Var> in) {
                return selective_scan(context, {in[0], in[1], in[2], in[3], in[4], in[5], in[6]});
            },
        .reference = [n](const Arrays& in) { return reference_scan(in, n); },
        .longest_sum = n.batch * n.time * n.channels * n.states + 1};
}

std::vector<OpCase> cases() {
    return {scan_case("one", {1, 1, 1, 1}),
            scan_case("odd_sizes", {3, 7, 5, 3}),
            scan_case("whole_segments", {1, 64, 3, 4}),
            scan_case("one_step_past_a_segment", {2, 33, 3, 2}),
            scan_case("many_steps", {1, 257, 2, 3}),
            scan_case("many_channels", {1, 3, 257, 2}),
            scan_case("sixteen_states", {2, 5, 20, 16}),
            scan_case("most_states", {1, 4, 9, 32}),
            scan_case("large_steps_of_time", {1, 40, 3, 3}, 60),
            scan_case("no_samples", {0, 7, 3, 2}),
            scan_case("no_steps", {2, 0, 3, 2}),
            scan_case("no_channels", {2, 7, 0, 2})};
}

ELM_OP_CASES(selective_scan, cases());

/// Gu & Dao 2023 with delta = softplus(-1, 0, 1), worked out by hand in float64.
TEST(SelectiveScan, agrees_with_a_worked_example) {
    Stream stream{Device{}};
    Context context{stream};
    const auto tensor = [&](const Shape& shape, const std::vector<double>& values) {
        return Var{tensor_of(stream, shape, DType::f64, values)};
    };
    const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
    const std::vector<Var> result = selective_scan(
        context,
        {tensor({1, 3, 1}, {1, -1, 0.5}),
         tensor({1, 3, 1}, {softplus(-1), softplus(0), softplus(1)}), tensor({2, 1}, {-1, -2}),
         tensor({1, 3, 2}, {1, 0.5, -0.5, 1, 2, 0}), tensor({1, 3, 2}, {1, 1, 0, 1, 1, -1}),
         tensor({1}, {1}), tensor({1, 2, 1}, {0, 0})});
    const std::vector<double> gated = values_of(result[0].value);
    const std::vector<double> gate{1, -1, 0.5}, expected{1.074577545, 0.444826279, 0.621182333};
    for (std::size_t t = 0; t < 3; ++t) {
        EXPECT_NEAR(gated[t] * gate[t] / (1 + std::exp(-gate[t])), expected[t], 5e-10);
    }
    EXPECT_NEAR(values_of(result[1].value)[0], 1.448594203, 5e-10);
    EXPECT_NEAR(values_of(result[1].value)[1], -0.047302724, 5e-10);
}

TEST(SelectiveScan, a_step_of_no_time_keeps_the_state) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return Var{tensor_of(stream, shape, DType::f32,
                             random_values(shape.size(), -1, 1, {1, 0, purpose}))};
    };
    const Var initial = draw({2, 3, 4}, 1);
    const Var delta{Tensor::zeros(stream, {2, 5, 4}, DType::f32)};
    const std::vector<Var> result =
        selective_scan(context, {draw({2, 5, 4}, 2), delta, draw({3, 4}, 3), draw({2, 5, 3}, 4),
                                 draw({2, 5, 3}, 5), draw({4}, 6), initial});
    EXPECT_EQ(values_of(result[1].value), values_of(initial.value));
}

TEST(SelectiveScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const Var input = zeros({2, 3, 4}), rate = zeros({5, 4}), weights = zeros({2, 3, 5});
    const Var skip = zeros({4}), initial = zeros({2, 5, 4}), wrong = zeros({2, 3, 6});
    try {
        selective_scan(context, {input, input, rate, weights, wrong, skip, initial});
        FAIL() << "output weights of another size were taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(),
                  "selective_scan: output weight (batch, time, states) has shape (2, 3, 6), "
                  "expected (2, 3, 5)");
    }
    EXPECT_THROW(selective_scan(context, {input, wrong, rate, weights, weights, skip, initial}),
                 Error);
    const Var no_rate = zeros({0, 4}), no_weights = zeros({2, 3, 0}), no_initial = zeros({2, 0, 4});
    EXPECT_THROW(
        selective_scan(context, {input, input, no_rate, no_weights, no_weights, skip, no_initial}),
        Error);
}

}  // namespace
}  // namespace elm::test
