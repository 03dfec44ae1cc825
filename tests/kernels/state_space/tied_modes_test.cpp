#include "kernels/ops/spectral/modes/tied_modes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "kernels/core/support/error.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using Number = std::complex<double>;

struct Sizes {
    std::size_t features, modes, channels;
};

/// By the formulas of the header, with the library's complex numbers.
Number gain_of(TiedGain form, std::size_t length, const Number& a, const Number& x) {
    if (form == TiedGain::none) return 1;
    if (form == TiedGain::zero_order_hold) {
        return (std::exp(x) - 1.0) * std::conj(a) / std::max(std::norm(a), 1e-7);
    }
    const bool grows = a.real() > 0;
    const Number summed = grows ? -x : x;
    const Number below = (std::exp(summed * static_cast<double>(length)) - 1.0) * a;
    const Number gain = (std::exp(summed) - 1.0) * std::conj(below) / (std::norm(below) + 1e-7);
    return grows ? gain * std::exp(-x * static_cast<double>(length - 1)) : gain;
}

Number rate_of(const Arrays& in, std::size_t n) { return {in[1][n], in[2][n]}; }

Number exponent_of(const Arrays& in, const Sizes& n, std::size_t feature, std::size_t mode) {
    const Number a = rate_of(in, mode);
    return {std::exp(in[0][feature]) * a.real(), std::exp(in[0][n.features + feature]) * a.imag()};
}

OpCase kernel_case(const std::string& name, TiedGain form, std::size_t length, const Sizes& n,
                   std::size_t steps, double lowest_rate = -2, double highest_rate = -0.25) {
    const auto extent = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const Shape output{extent(n.channels), extent(n.features), extent(n.modes)};
    return {
        .name = name,
        .inputs = {{.name = "log_step", .shape = {2, extent(n.features)}, .low = -3, .high = -1},
                   {.name = "rate_real",
                    .shape = {extent(n.modes)},
                    .low = lowest_rate,
                    .high = highest_rate},
                   {.name = "rate_imag", .shape = {extent(n.modes)}, .low = 0.5, .high = 6},
                   {.name = "output_real", .shape = output},
                   {.name = "output_imag", .shape = output}},
        .run =
            [=](Context& context, std::span<const Var> in) {
                const Modes modes = tied_modes(context, form, extent(length),
                                               {in[0], {in[1], in[2]}, {in[3], in[4]}});
                const Var skip{Tensor::zeros(context.stream, {extent(n.channels * n.features)},
                                             in[0].value.dtype())};
                return std::vector<Var>{mode_kernel(context, modes, skip, extent(steps))};
            },
        .reference =
            [=](const Arrays& in) {
                std::vector<double> kernel;
                for (std::size_t s = 0; s < steps; ++s) {
                    for (std::size_t column = 0; column < n.channels * n.features; ++column) {
                        double sum = 0;
                        for (std::size_t k = 0; k < n.modes; ++k) {
                            const std::size_t at = column * n.modes + k;
                            const Number x = exponent_of(in, n, column % n.features, k);
                            sum += (Number(in[3][at], in[4][at]) *
                                    gain_of(form, length, rate_of(in, k), x) *
                                    std::exp(x * static_cast<double>(s)))
                                       .real();
                        }
                        kernel.push_back(sum);
                    }
                }
                return Arrays{kernel};
            },
        .longest_sum = extent(steps * n.modes * n.features * n.channels)};
}

std::vector<OpCase> cases() {
    const auto hold = TiedGain::zero_order_hold, softmax = TiedGain::softmax;
    return {kernel_case("one", hold, 1, {1, 1, 1}, 1),
            kernel_case("zero_order_hold", hold, 1, {5, 3, 1}, 33),
            kernel_case("plain", TiedGain::none, 1, {4, 3, 2}, 17),
            kernel_case("softmax", softmax, 33, {5, 3, 1}, 33),
            kernel_case("softmax_two_channels", softmax, 20, {3, 4, 2}, 9),
            kernel_case("softmax_of_one_step", softmax, 1, {3, 2, 1}, 2),
            kernel_case("softmax_of_modes_that_grow", softmax, 17, {3, 4, 1}, 17, 0.1, 1),
            kernel_case("many_modes", hold, 1, {2, 65, 1}, 7),
            kernel_case("no_features", hold, 1, {0, 3, 1}, 5)};
}

ELM_OP_CASES(tied_modes, cases());

/// What gives the form its name: of C = a the exponentials sum to 1.
TEST(TiedModes, exponentials_of_a_softmax_sum_to_one_over_the_rate) {
    Stream stream{Device{}};
    Context context{stream};
    const auto constant = [&](const Shape& shape, const std::vector<double>& values) {
        return Var{tensor_of(stream, shape, DType::f64, values)};
    };
    for (const double real : {-0.4, 0.3}) {
        const Var a = constant({1}, {real}), imag = constant({1}, {2});
        const Modes modes = tied_modes(context, TiedGain::softmax, 20,
                                       {constant({2, 1}, {-1, -1.5}),
                                        {a, imag},
                                        {constant({1, 1, 1}, {real}), constant({1, 1, 1}, {2})}});
        const Var kernel = mode_kernel(context, modes, constant({1}, {0}), 20);
        double sum = 0;
        for (const double value : values_of(kernel.value)) sum += value;
        // Up to what is added to the square of a number near 2.
        EXPECT_NEAR(sum, 1, 1e-7);
    }
}

TEST(TiedModes, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const ComplexVar rate{zeros({3}), zeros({3})}, output{zeros({1, 4, 3}), zeros({1, 4, 3})};
    const auto expect_error = [&](std::int64_t length, const TiedModeParameters& in,
                                  const std::string& part) {
        try {
            tied_modes(context, TiedGain::softmax, length, in);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error(0, {zeros({2, 4}), rate, output}, "a softmax over 0 steps");
    expect_error(9, {zeros({1, 4}), rate, output}, "log_step");
    expect_error(9, {zeros({2, 4}), {zeros({3}), zeros({2})}, output}, "rate");
    expect_error(9, {zeros({2, 5}), rate, output}, "output weight");
}

}  // namespace
}  // namespace elm::test
