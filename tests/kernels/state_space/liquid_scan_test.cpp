#include "kernels/ops/scan/state_space/liquid_scan.h"

#include <gtest/gtest.h>

#include <complex>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

using Number = std::complex<double>;

struct Sizes {
    std::size_t batch, steps, modes, features;
    bool bounded = false;
};

/// The recurrence, mode by mode: output, then both parts of the last states.
Arrays by_loops(const Arrays& in, const Sizes& n) {
    const auto number = [&](std::size_t array, std::size_t index) {
        return Number(in[array][index], in[array + 1][index]);
    };
    Arrays result{std::vector<double>(n.batch * n.steps * n.features, 0), {}, {}};
    for (std::size_t sample = 0; sample < n.batch; ++sample) {
        for (std::size_t mode = 0; mode < n.modes; ++mode) {
            for (std::size_t feature = 0; feature < n.features; ++feature) {
                const std::size_t at = mode * n.features + feature;
                Number state = number(7, sample * n.modes * n.features + at);
                for (std::size_t t = 0; t < n.steps; ++t) {
                    const std::size_t place = (sample * n.steps + t) * n.features + feature;
                    const Number driven = number(3, at) * in[0][place];
                    Number decay = number(1, at) + driven;
                    if (n.bounded) decay /= std::max(1.0, std::abs(decay));
                    state = decay * state + driven;
                    result[0][place] += 2 * (number(5, at) * state).real();
                }
                result[1].push_back(state.real());
                result[2].push_back(state.imag());
            }
        }
    }
    return result;
}

OpCase scan_case(const std::string& name, const Sizes& n) {
    const auto extent = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const Shape shared{extent(n.modes), extent(n.features)};
    const Shape states{extent(n.batch), extent(n.modes), extent(n.features)};
    OpCase op{.name = name,
              .inputs = {{.name = "input",
                          .shape = {extent(n.batch), extent(n.steps), extent(n.features)}}},
              .run =
                  [bounded = n.bounded](Context& context, std::span<const Var> in) {
                      const LiquidScanResult result = liquid_scan(context, {in[0],
                                                                            {in[1], in[2]},
                                                                            {in[3], in[4]},
                                                                            {in[5], in[6]},
                                                                            {in[7], in[8]},
                                                                            bounded});
                      return std::vector<Var>{result.output, result.final.real, result.final.imag};
                  },
              .reference = [=](const Arrays& in) { return by_loops(in, n); },
              .longest_sum = extent(2 * n.batch * n.steps * n.modes) + 1};
    const auto add = [&](const char* what, const Shape& shape, double largest) {
        op.inputs.push_back({.name = what, .shape = shape, .low = -largest, .high = largest});
    };
    // |decay + gain u| stays below 1, or is above it in places.
    const double decay = n.bounded ? 0.9 : 0.6, gain = n.bounded ? 0.6 : 0.1;
    add("decay, real", shared, decay);
    add("decay, imaginary", shared, decay);
    add("gain, real", shared, gain);
    add("gain, imaginary", shared, gain);
    add("weight, real", shared, 1);
    add("weight, imaginary", shared, 1);
    add("initial, real", states, 1);
    add("initial, imaginary", states, 1);
    return op;
}

std::vector<OpCase> cases() {
    return {scan_case("one", {1, 1, 1, 1}),
            scan_case("odd", {3, 7, 5, 3}),
            scan_case("one_segment", {1, 32, 2, 5}),
            scan_case("segments", {2, 67, 3, 7}),
            scan_case("many_modes", {1, 5, 65, 2}),
            scan_case("many_features", {2, 5, 2, 37}),
            scan_case("no_samples", {0, 3, 2, 3}),
            scan_case("no_steps", {2, 0, 2, 3}),
            scan_case("bounded", {2, 37, 3, 21, true})};
}

ELM_OP_CASES(liquid_scan, cases());

TEST(LiquidScan, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f64)};
    };
    const auto number = [&](const Shape& shape) { return ComplexVar{zeros(shape), zeros(shape)}; };
    const LiquidScanInput fits{zeros({2, 5, 3}), number({4, 3}), number({4, 3}), number({4, 3}),
                               number({2, 4, 3})};
    EXPECT_EQ(liquid_scan(context, fits).output.value.shape(), (Shape{2, 5, 3}));
    const auto message = [&](const LiquidScanInput& in) {
        try {
            liquid_scan(context, in);
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("taken");
    };
    LiquidScanInput wrong = fits;
    wrong.gain = number({3, 4});
    EXPECT_NE(message(wrong).find("liquid_scan: gain (modes, features)"), std::string::npos);
    wrong = fits;
    wrong.initial = number({4, 3});
    EXPECT_NE(message(wrong).find("liquid_scan: initial"), std::string::npos);
    wrong = fits;
    wrong.decay = wrong.gain = wrong.weight = number({0, 3});
    wrong.initial = number({2, 0, 3});
    EXPECT_EQ(message(wrong), "liquid_scan: 0 modes, expected at least 1");
}

}  // namespace
}  // namespace elm::test
