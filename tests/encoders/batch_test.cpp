// Encodings of a batch on a CUDA device against those of the CPU, bit by bit, and what is left to
// the CPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "encoders/law/batch.h"
#include "encoders/law/portable_math.h"
#include "kernels/core/tensor.h"
#include "tests/encoders/encoder_cases.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr RandomKey key{.seed = 0x123456789ABCDEF0, .step = 0x1111122222, .purpose = 77};
constexpr std::int64_t first_sample = 5;

struct BatchShape {
    std::int64_t samples, steps, channels;
};
const BatchShape shapes[] = {{1, 1, 1}, {3, 7, 5}, {2, 33, 1}, {1, 1, 257},
                             {4, 2, 3}, {2, 0, 3}, {0, 4, 2}};

struct BatchCase {
    std::string name;
    Settings settings;
    double value_ms = 8;
};

std::vector<BatchCase> batch_cases() {
    return {{"poisson", {{"rate_hz", "900"}}},
            {"poisson", {{"rate_hz", "300"}, {"spontaneous_hz", "20"}, {"onset_ms", "11"}}, 7},
            {"signed-poisson", {{"rate_hz", "900"}}},
            {"signed-poisson", {{"spontaneous_hz", "-30"}}, 1},
            {"latency", {}},
            {"latency", {}, 1},
            {"latency", {{"curve", "log"}}, 100},
            {"latency", {{"curve", "rc"}, {"silent_below", "true"}, {"threshold", "0.3"}}, 100},
            {"latency", {{"onset_ms", "2"}, {"tau_ms", "3"}}},
            {"time-to-first-spike", {}, 50},
            {"time-to-first-spike", {{"tau", "0.7"}}, 1},
            {"weighted-phase", {}, 16},
            {"weighted-phase", {{"bits", "3"}}, 9},
            {"phase", {{"bits", "12"}}, 12},
            {"burst", {}, 200},
            {"population", {}},
            {"population", {{"output", "activity"}, {"units", "3"}}},
            {"population", {{"output", "bernoulli"}, {"units", "1"}}, 5},
            {"receptive-fields", {}, 40},
            {"current", {{"gain_nA", "0.3"}}},
            {"integrate-and-fire", {{"step_ms", "0.25"}}, 50},
            {"integrate-and-fire", {{"gain", "3"}, {"first_only", "true"}}, 50},
            {"delta", {}},
            {"delta", {{"from_first", "true"}, {"threshold", "0.3"}}},
            {"step-forward", {}},
            {"level-crossing", {}},
            {"level-crossing", {{"threshold", "0.01"}, {"most_spikes", "7"}}},
            {"moving-window", {{"window", "3"}}},
            {"threshold-based", {}},
            {"threshold-based", {{"factor", "0.2"}}},
            {"threshold-bank", {}},
            {"threshold-bank", {{"units", "511"}, {"repeat", "1"}}},
            {"grey-bins", {{"bins", "7"}}},
            {"one-hot", {{"classes", "12"}}},
            {"byte", {}},
            {"hold", {{"times", "3"}}}};
}

/// Values in the encoder's range: random ones, and every third one of few, which meet thresholds.
std::vector<float> values_for(const EncoderEntry& encoder, std::int64_t count) {
    const bool whole = encoder.range.whole_numbers;
    const double low = whole ? 0 : encoder.range.lowest == 0 ? 0 : -1, high = whole ? 11.99 : 1;
    std::vector<float> values;
    for (const double value : random_values(count, low, high, key)) {
        const double coarse = std::round(value * 10) / 10;
        const auto at = values.size();
        values.push_back(static_cast<float>(whole         ? std::floor(value)
                                            : at % 3 == 0 ? coarse
                                                          : value));
    }
    if (whole && encoder.range.lowest < 0 && count > 4) values[3] = -1;
    if (!whole && count > 4) {
        values[0] = 1;
        values[4] = 0;
    }
    return values;
}

/// Steps that count: all of the first sample, none of the second, some of the others.
std::vector<std::int32_t> lengths_for(const BatchShape& shape) {
    std::vector<std::int32_t> lengths;
    for (std::int64_t sample = 0; sample < shape.samples; ++sample) {
        const std::int64_t length = sample == 0   ? shape.steps
                                    : sample == 1 ? 0
                                                  : shape.steps - shape.steps / sample;
        lengths.push_back(static_cast<std::int32_t>(length));
    }
    return lengths;
}

SignalBatch batch_of(Stream& stream, const BatchShape& shape, double value_ms,
                     const std::vector<float>& values, const std::vector<std::int32_t>& lengths) {
    return {
        .values = Tensor::from<float>(stream, {shape.samples, shape.steps, shape.channels}, values),
        .lengths = Tensor::from<std::int32_t>(stream, {shape.samples}, lengths),
        .step_ms = value_ms,
        .key = key,
        .first_sample = first_sample};
}

/// The encodings of encode(), (steps, units) of each sample after the other, 0 behind their ends.
std::vector<double> expected_cells(const EncoderEntry& encoder, const OptionSet& options,
                                   const BatchShape& shape, double value_ms,
                                   const std::vector<float>& values,
                                   const std::vector<std::int32_t>& lengths,
                                   std::int64_t cells_each) {
    std::vector<double> cells;
    for (std::int64_t sample = 0; sample < shape.samples; ++sample) {
        const auto begin = values.begin() + sample * shape.steps * shape.channels;
        Signal signal{.n_steps = lengths[static_cast<std::size_t>(sample)],
                      .n_channels = shape.channels,
                      .step_ms = value_ms};
        signal.values.assign(begin, begin + signal.n_steps * shape.channels);
        std::vector<double> own;
        if (signal.n_steps > 0) {
            const auto number = static_cast<std::uint32_t>(first_sample + sample);
            const Encoding encoding = encode(encoder, options, signal, key.for_part(number));
            if (encoding.values.empty()) {
                const std::vector<int> counts = counts_of(encoding);
                own.assign(counts.begin(), counts.end());
            } else {
                own.assign(encoding.values.begin(), encoding.values.end());
            }
        }
        own.resize(static_cast<std::size_t>(cells_each));
        cells.insert(cells.end(), own.begin(), own.end());
    }
    return cells;
}

TEST(EncodeBatch, cuda_has_the_bits_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        Stream stream{device};
        for (const BatchCase& c : batch_cases()) {
            const EncoderEntry& encoder = find_encoder(c.name);
            const OptionSet options = options_of(encoder, c.settings);
            for (const BatchShape& shape : shapes) {
                const auto values =
                    values_for(encoder, shape.samples * shape.steps * shape.channels);
                const auto lengths = lengths_for(shape);
                const std::optional<Tensor> cells = encode_batch(
                    stream, encoder, options, batch_of(stream, shape, c.value_ms, values, lengths));
                ASSERT_TRUE(cells.has_value()) << c.name;
                ASSERT_EQ(cells->shape()[0], shape.samples);
                EXPECT_EQ(values_of(*cells),
                          expected_cells(encoder, options, shape, c.value_ms, values, lengths,
                                         cells->shape()[1] * cells->shape()[2]))
                    << c.name << ": " << shape.samples << " x " << shape.steps << " x "
                    << shape.channels;
            }
        }
    }
}

TEST(EncodeBatch, every_encoder_of_values_has_a_form_and_a_case) {
    const auto cases = batch_cases();
    for (const EncoderEntry& encoder : all_encoders()) {
        const bool of_values =
            encoder.reads == SignalKind::values || encoder.reads == SignalKind::bytes;
        EXPECT_EQ(encoder.encode_batch != nullptr, of_values) << encoder.name;
        EXPECT_EQ(std::ranges::any_of(cases, [&](const auto& c) { return c.name == encoder.name; }),
                  of_values)
            << encoder.name;
    }
}

TEST(EncodeBatch, cuda_leaves_values_that_do_not_fit_to_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    struct Misfit {
        std::string name;
        Settings settings;
        float value;
    };
    const Misfit misfits[] = {{"poisson", {}, nan},
                              {"poisson", {}, 1.5F},
                              {"poisson", {}, -0.1F},
                              {"delta", {}, infinity},
                              {"byte", {}, 0.5F},
                              {"one-hot", {}, 10},
                              {"burst", {{"longest_gap_ms", "2"}, {"most_spikes", "4"}}, 0.9F},
                              {"level-crossing", {{"threshold", "1e-6"}}, 100}};
    // Rows of the check have 8192 values; the last sample is padding behind its second step.
    const BatchShape shape{3, 3001, 1};
    const std::vector<std::int32_t> lengths{3001, 3001, 2};
    for (const Device device : cuda_devices()) {
        Stream stream{device};
        for (const Misfit& misfit : misfits) {
            const EncoderEntry& encoder = find_encoder(misfit.name);
            const OptionSet options = options_of(encoder, misfit.settings);
            for (const std::size_t at : std::vector<std::size_t>{0, 6001, 6003, 6004, 9002}) {
                std::vector<float> values(9003);
                values[at] = misfit.value;
                const bool counts = at < 6004;
                EXPECT_EQ(encode_batch(stream, encoder, options,
                                       batch_of(stream, shape, 8, values, lengths))
                              .has_value(),
                          !counts)
                    << misfit.name << " " << misfit.value << " at " << at;
            }
        }
    }
}

TEST(EncodeBatch, cuda_maps_values_as_the_cpu_does) {
    ELM_SKIP_WITHOUT_CUDA();
    const ValueMap maps[] = {{.low = -0.3, .scale = 1 / 1.7},
                             {.low = 0.1, .scale = 3, .cuts = true, .lowest = 0, .highest = 1},
                             {.scale = 9, .rounds = true, .cuts = true, .lowest = 0, .highest = 7}};
    const auto values = random_values(35, -2, 2, key);
    for (const Device device : cuda_devices()) {
        Stream stream{device};
        const Tensor given = tensor_of(stream, {5, 7, 1}, DType::f32, values);
        for (const ValueMap& map : maps) {
            const Tensor mapped = Tensor::empty(stream, {5, 7, 1}, DType::f32);
            map_values_kernel(stream, {.map = map,
                                       .values = view<const float, 3>(given),
                                       .mapped = view<float, 3>(mapped)});
            std::vector<double> expected;
            for (const double value : values) expected.push_back(map(value));
            EXPECT_EQ(values_of(mapped), expected);
        }
    }
}

/// Units in the last place between a result and what a wider type has.
double ulps(double result, long double exact) {
    if (exact == 0) return result == 0 ? 0 : 1e9;
    const double unit = std::ldexp(1.0, std::ilogb(static_cast<double>(exact)) - 52);
    return static_cast<double>(std::abs(static_cast<long double>(result) - exact) / unit);
}

TEST(PortableMath, is_right_within_three_units_in_the_last_place) {
    double worst_exp = 0, worst_log = 0, worst_asin = 0;
    for (int k = 0; k < 200000; ++k) {
        const double u = unit_uniform<double>(random_word(key, k));
        const double exponent = -700 * u * u, number = std::exp(300 * (u - 0.5)),
                     one = 0.6 + 0.9 * u;
        worst_exp = std::max(
            worst_exp, ulps(portable::exp(exponent), std::exp(static_cast<long double>(exponent))));
        for (const double x : {number, one}) {
            worst_log =
                std::max(worst_log, ulps(portable::log(x), std::log(static_cast<long double>(x))));
        }
        worst_asin =
            std::max(worst_asin, ulps(portable::asin(u), std::asin(static_cast<long double>(u))));
    }
    EXPECT_LT(worst_exp, 3);
    EXPECT_LT(worst_log, 3);
    EXPECT_LT(worst_asin, 3);
}

TEST(PortableMath, has_the_ends_of_its_ranges) {
    EXPECT_EQ(portable::exp(0), 1);
    EXPECT_EQ(portable::exp(-1e300), 0);
    EXPECT_EQ(portable::exp(-HUGE_VAL), 0);
    EXPECT_EQ(portable::log(1), 0);
    EXPECT_EQ(portable::log(0), -HUGE_VAL);
    EXPECT_EQ(portable::asin(0), 0);
    EXPECT_EQ(portable::asin(1), 1.5707963267948966);
}

}  // namespace
}  // namespace elm::test
