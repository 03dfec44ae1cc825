#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/core/support/error.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "kernels/ops/spectral/modes/diagonal_decay.h"
#include "kernels/ops/spectral/modes/mode_decay.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"
#include "tests/reference/state_space_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

struct Sizes {
    std::int64_t features, modes, rows, channels;
    bool own_steps = false;  // of each mode
    double band_limit = 0;
    std::int64_t columns() const { return channels * features; }
};

std::vector<InputSpec> mode_inputs(const Sizes& n) {
    const Shape shared{n.rows, n.modes}, output{n.channels, n.features, n.modes};
    const Shape steps = n.own_steps ? Shape{n.features, n.modes} : Shape{n.features};
    return {{.name = "log_step", .shape = steps, .low = -3, .high = -1},
            {.name = "log_decay", .shape = shared, .low = -1, .high = 1},
            {.name = "frequency", .shape = shared, .low = -6, .high = 6},
            {.name = "input_real", .shape = shared},
            {.name = "input_imag", .shape = shared},
            {.name = "output_real", .shape = output},
            {.name = "output_imag", .shape = output},
            {.name = "skip", .shape = {n.columns()}}};
}

Modes modes_of(Context& context, Discretisation rule, std::span<const Var> in,
               double band_limit = 0) {
    return discretised_modes(context, rule, {in[0], in[1], in[2], {in[3], in[4]}, {in[5], in[6]}},
                             band_limit);
}

/// Decays and weights (modes, columns) by the formulas of the paper.
struct ReferenceModes {
    std::vector<std::complex<double>> decay, weight;
};
ReferenceModes reference_modes(const Arrays& in, bool bilinear, const Sizes& n) {
    ReferenceModes all;
    for (std::int64_t k = 0; k < n.modes; ++k) {
        for (std::int64_t column = 0; column < n.columns(); ++column) {
            const std::int64_t feature = column % n.features;
            const std::size_t shared = size(feature % n.rows * n.modes + k);
            const std::size_t own = size(column * n.modes + k);
            const double step =
                std::exp(in[0][size(n.own_steps ? feature * n.modes + k : feature)]);
            auto mode =
                reference::discrete_mode(bilinear, {-std::exp(in[1][shared]), in[2][shared]}, step);
            if (n.band_limit > 0 &&
                step * std::abs(in[2][shared]) >= std::numbers::pi * n.band_limit) {
                mode.gain = 0;
            }
            all.decay.push_back(mode.decay);
            all.weight.push_back(std::complex(in[3][shared], in[4][shared]) *
                                 std::complex(in[5][own], in[6][own]) * mode.gain);
        }
    }
    return all;
}

OpCase kernel_case(const std::string& name, Discretisation rule, const Sizes& n,
                   std::int64_t length) {
    return {.name = name,
            .inputs = mode_inputs(n),
            .run =
                [=](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{mode_kernel(
                        context, modes_of(context, rule, in, n.band_limit), in[7], length)};
                },
            .reference =
                [=](const Arrays& in) {
                    const auto modes = reference_modes(in, rule == Discretisation::bilinear, n);
                    std::vector<double> kernel;
                    for (std::int64_t s = 0; s < length; ++s) {
                        for (std::int64_t column = 0; column < n.columns(); ++column) {
                            double sum = s == 0 ? in[7][size(column)] : 0;
                            for (std::int64_t k = 0; k < n.modes; ++k) {
                                const std::size_t at = size(k * n.columns() + column);
                                sum += 2 * (modes.weight[at] *
                                            std::pow(modes.decay[at], static_cast<double>(s)))
                                               .real();
                            }
                            kernel.push_back(sum);
                        }
                    }
                    return Arrays{kernel};
                },
            .longest_sum = length * n.modes * n.columns()};
}

/// The same modes as a recurrence, over samples and time.
OpCase scan_case(const std::string& name, const Sizes& n, std::int64_t batch, std::int64_t time) {
    OpCase op{.name = name, .inputs = mode_inputs(n), .run = {}, .reference = {}};
    op.inputs.push_back({.name = "input", .shape = {batch, time, n.columns()}});
    op.inputs.push_back({.name = "initial_real", .shape = {batch, n.modes, n.columns()}});
    op.inputs.push_back({.name = "initial_imag", .shape = {batch, n.modes, n.columns()}});
    op.run = [](Context& context, std::span<const Var> in) {
        const DecayingModes modes = decaying_modes(
            context, modes_of(context, Discretisation::zero_order_hold, in), in[8].value.dtype());
        const ModeScanResult result =
            mode_scan(context, {in[8], modes.decay, modes.weight, in[7], {in[9], in[10]}});
        return std::vector<Var>{result.output, result.final.real, result.final.imag};
    };
    op.reference = [=](const Arrays& in) {
        const auto modes = reference_modes(in, false, n);
        auto state = reference::joined(in[9], in[10]);
        Arrays results(3);
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            for (std::int64_t t = 0; t < time; ++t) {
                for (std::int64_t column = 0; column < n.columns(); ++column) {
                    const double u = in[8][size((sample * time + t) * n.columns() + column)];
                    double y = in[7][size(column)] * u;
                    for (std::int64_t k = 0; k < n.modes; ++k) {
                        const std::size_t at = size(k * n.columns() + column);
                        auto& s = state[size(sample * n.modes * n.columns()) + at];
                        s = modes.decay[at] * s + u;
                        y += 2 * (modes.weight[at] * s).real();
                    }
                    results[0].push_back(y);
                }
            }
        }
        for (const auto& s : state) {
            results[1].push_back(s.real());
            results[2].push_back(s.imag());
        }
        return results;
    };
    op.longest_sum = batch * time * n.modes * n.columns() + 1;
    return op;
}

std::vector<OpCase> kernel_cases() {
    const auto zoh = Discretisation::zero_order_hold, bilinear = Discretisation::bilinear;
    return {kernel_case("one", zoh, {1, 1, 1, 1}, 1),
            kernel_case("zero_order_hold", zoh, {5, 3, 5, 1}, 33),
            kernel_case("bilinear", bilinear, {5, 3, 5, 1}, 33),
            kernel_case("shared_rows_two_channels", zoh, {6, 2, 2, 2}, 7),
            kernel_case("bilinear_shared_rows", bilinear, {5, 4, 2, 1}, 7),
            kernel_case("own_steps", zoh, {5, 3, 5, 1, true}, 17),
            kernel_case("own_steps_shared_rows_two_channels", bilinear, {6, 2, 2, 2, true}, 7),
            kernel_case("band_limit", zoh, {5, 4, 5, 1, false, 0.3}, 17),
            kernel_case("many_steps", zoh, {3, 2, 1, 1}, 257),
            kernel_case("many_features", zoh, {257, 1, 1, 1}, 3),
            kernel_case("many_modes", zoh, {2, 33, 2, 1}, 7),
            kernel_case("no_steps", zoh, {3, 2, 3, 1}, 0),
            kernel_case("no_features", zoh, {0, 2, 1, 1}, 5)};
}

std::vector<OpCase> scan_cases() {
    return {scan_case("one", {1, 1, 1, 1}, 1, 1),
            scan_case("odd_sizes", {5, 3, 5, 1}, 3, 7),
            scan_case("whole_segments", {3, 2, 1, 1}, 1, 64),
            scan_case("step_past_a_segment", {3, 2, 3, 1}, 2, 33),
            scan_case("many_features", {257, 2, 1, 1}, 1, 3),
            scan_case("most_modes", {3, 32, 3, 1}, 1, 5),
            scan_case("no_samples", {3, 2, 3, 1}, 0, 5),
            scan_case("no_steps", {3, 2, 3, 1}, 2, 0)};
}

OpCase decay_case(const std::string& name, DecayForm form, std::int64_t states, double low,
                  double high) {
    OpCase op{.name = name,
              .inputs = {{.name = "a", .shape = {states}, .low = low, .high = high},
                         {.name = "b", .shape = {states}, .low = -2, .high = 2}},
              .run = {},
              .reference = {}};
    if (form == DecayForm::polar) {
        op.run = [](Context& context, std::span<const Var> in) {
            const ComplexVar decay = polar_decay(context, in[0], in[1]);
            return std::vector<Var>{decay.real, decay.imag};
        };
        op.reference = [](const Arrays& in) {
            Arrays results(2);
            for (std::size_t i = 0; i < in[0].size(); ++i) {
                const auto decay = std::polar(std::exp(-std::exp(in[0][i])), std::exp(in[1][i]));
                results[0].push_back(decay.real());
                results[1].push_back(decay.imag());
            }
            return results;
        };
        return op;
    }
    op.inputs.push_back({.name = "log_step", .shape = {states}, .low = -3, .high = 0});
    const bool bilinear = form == DecayForm::bilinear;
    op.run = [bilinear](Context& context, std::span<const Var> in) {
        const DiagonalDecay result = discretised_decay(
            context, bilinear ? Discretisation::bilinear : Discretisation::zero_order_hold,
            {in[0], in[1]}, in[2]);
        return std::vector<Var>{result.decay.real, result.decay.imag, result.gain.real,
                                result.gain.imag};
    };
    op.reference = [bilinear](const Arrays& in) {
        Arrays results(4);
        for (std::size_t i = 0; i < in[0].size(); ++i) {
            const auto mode =
                reference::discrete_mode(bilinear, {in[0][i], in[1][i]}, std::exp(in[2][i]));
            results[0].push_back(mode.decay.real());
            results[1].push_back(mode.decay.imag());
            results[2].push_back(mode.gain.real());
            results[3].push_back(mode.gain.imag());
        }
        return results;
    };
    return op;
}

std::vector<OpCase> decay_cases() {
    return {decay_case("polar", DecayForm::polar, 33, -3, 1),
            decay_case("zero_order_hold", DecayForm::zero_order_hold, 33, -4, 0.5),
            decay_case("bilinear", DecayForm::bilinear, 33, -4, 0.5),
            decay_case("none", DecayForm::polar, 0, -1, 1)};
}

ELM_OP_CASES(mode_kernel, kernel_cases());
ELM_OP_CASES(mode_scan, scan_cases());
ELM_OP_CASES(diagonal_decay, decay_cases());

/// Parameters of one feature with modes -1/2 and -1/2 + i pi, a step of `dt`, B = C = 1.
struct WorkedExample {
    Stream stream{Device{}};
    Context context{stream};
    DType dtype;
    Modes modes;
    Var skip;

    WorkedExample(Discretisation rule, double dt, const std::vector<double>& frequencies,
                  DType type = DType::f64)
        : dtype(type) {
        const auto n = static_cast<std::int64_t>(frequencies.size());
        const auto filled = [&](const Shape& shape, double value) {
            return tensor(shape, std::vector<double>(size(shape.size()), value));
        };
        modes = discretised_modes(context, rule,
                                  {filled({1}, std::log(dt)),
                                   filled({1, n}, std::log(0.5)),
                                   tensor({1, n}, frequencies),
                                   {filled({1, n}, 1), filled({1, n}, 0)},
                                   {filled({1, 1, n}, 1), filled({1, 1, n}, 0)}});
        skip = filled({1}, 0);
    }
    Var tensor(const Shape& shape, const std::vector<double>& values) {
        return {tensor_of(stream, shape, dtype, values)};
    }
    std::vector<double> kernel(std::int64_t length) {
        return values_of(mode_kernel(context, modes, skip, length).value);
    }
};

TEST(ModeKernel, agrees_with_worked_examples) {
    const double pi = std::numbers::pi;
    const std::vector<double> zoh =
        WorkedExample(Discretisation::zero_order_hold, 0.1, {pi}).kernel(5);
    const std::vector<double> zoh_expected{0.191928907, 0.164773162, 0.124467186, 0.076111269,
                                           0.025089044};
    const std::vector<double> bilinear =
        WorkedExample(Discretisation::bilinear, 0.1, {pi}).kernel(5);
    const std::vector<double> bilinear_expected{0.190644647, 0.164273425, 0.124894939, 0.077424726,
                                                0.027082704};
    for (std::size_t s = 0; s < 5; ++s) {
        EXPECT_NEAR(zoh[s], zoh_expected[s], 5e-10);
        EXPECT_NEAR(bilinear[s], bilinear_expected[s], 5e-10);
    }
    const std::vector<double> lin =
        WorkedExample(Discretisation::zero_order_hold, 0.01, {0, pi}).kernel(3);
    EXPECT_NEAR(lin[0], 0.039896889064, 5e-13);
    EXPECT_NEAR(lin[1], 0.039678323753, 5e-13);
    EXPECT_NEAR(lin[2], 0.039441476197, 5e-13);
}

TEST(ModeKernel, keeps_its_phase_over_many_turns) {
    // exp(-0.05 s) would hide it: a slow decay, and 13 radians a step.
    WorkedExample example(Discretisation::zero_order_hold, 1e-4, {130321.0}, DType::f32);
    const std::int64_t last = 16383;
    const std::vector<double> kernel = example.kernel(last + 1);
    const double dt = std::exp(static_cast<double>(static_cast<float>(std::log(1e-4))));
    const double half = std::exp(static_cast<double>(static_cast<float>(std::log(0.5))));
    const std::complex<double> a(-half, 130321.0);
    for (const std::int64_t s : {std::int64_t{0}, std::int64_t{1000}, last}) {
        const double expected =
            2 * ((std::exp(dt * a) - 1.0) / a * std::exp(dt * a * static_cast<double>(s))).real();
        EXPECT_NEAR(kernel[size(s)], expected, 4e-7 / std::abs(a)) << s;
    }
}

TEST(ModeKernel, rules_agree_as_steps_become_small) {
    const auto gap = [](double dt) {
        const double at = 0.4;
        const auto steps = static_cast<std::int64_t>(std::llround(at / dt));
        const auto response = [&](Discretisation rule) {
            // The response to a constant input after the same time: sums of the kernel.
            double sum = 0;
            for (const double k : WorkedExample(rule, dt, {2.0}).kernel(steps)) sum += k;
            return sum;
        };
        return std::abs(response(Discretisation::bilinear) -
                        response(Discretisation::zero_order_hold));
    };
    // Holding a constant input is exact; the trapezoid is of second order.
    EXPECT_NEAR(gap(0.01) / gap(0.005), 4, 0.01);
}

TEST(ModeScan, is_the_convolution_with_the_kernel) {
    for (const auto rule : {Discretisation::zero_order_hold, Discretisation::bilinear}) {
        WorkedExample example(rule, 0.07, {0.3, 2.0, 9.0});
        const std::int64_t steps = 100;
        const Var input = example.tensor({2, steps, 1}, random_values(2 * steps, -1, 1, {5}));
        const Var skip = example.tensor({1}, {0.7});
        const Var zero = example.tensor({2, 3, 1}, std::vector<double>(6, 0.0));
        const DecayingModes modes = decaying_modes(example.context, example.modes, DType::f64);
        const ModeScanResult scanned =
            mode_scan(example.context, {input, modes.decay, modes.weight, skip, {zero, zero}});
        const Var kernel = mode_kernel(example.context, example.modes, skip, steps);
        const Var convolved = long_convolution(example.context, input, kernel);
        EXPECT_CLOSE(scanned.output.value, values_of(convolved.value), {.terms = steps});
    }
}

TEST(Modes, name_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const ComplexVar b{zeros({2, 3}), zeros({2, 3})}, c{zeros({1, 4, 3}), zeros({1, 4, 3})};
    try {
        discretised_modes(context, Discretisation::bilinear,
                          {zeros({4}), zeros({2, 3}), zeros({2, 5}), b, c});
        FAIL() << "frequencies of another size were taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  "discretised_modes: frequency (rows, modes) has shape (2, 5), expected (2, 3)");
    }
    const Modes modes = discretised_modes(context, Discretisation::bilinear,
                                          {zeros({4}), zeros({2, 3}), zeros({2, 3}), b, c});
    EXPECT_THROW(mode_kernel(context, modes, zeros({5}), 3), Error);
    EXPECT_THROW(polar_decay(context, zeros({3}), zeros({4})), Error);
    const DecayingModes decays = decaying_modes(context, modes, DType::f32);
    const ComplexVar initial{zeros({2, 3, 4}), zeros({2, 3, 5})};
    EXPECT_THROW(
        mode_scan(context, {zeros({2, 7, 4}), decays.decay, decays.weight, zeros({4}), initial}),
        Error);
}

}  // namespace
}  // namespace elm::test
