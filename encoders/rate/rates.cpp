#include "encoders/rate/rates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "encoders/rate/rate_draws.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Calls body(index) for each byte of `count` that is 1; the others are 0.
template <class Body>
void for_each_one(const std::uint8_t* bytes, std::int64_t count, const Body& body) {
    constexpr std::int64_t together = sizeof(std::uint64_t);
    std::int64_t at = 0;
    for (; at + together <= count; at += together) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes + at, sizeof eight);
        for (; eight != 0; eight &= eight - 1) body(at + std::countr_zero(eight) / 8);
    }
    for (; at < count; ++at) {
        if (bytes[at] != 0) body(at);
    }
}

/// Steps that are drawn before their spikes are gathered, so that they stay in the cache: of whole
/// values and of whole blocks of draws.
std::int64_t steps_of_tile(std::int64_t channels, std::int64_t each) {
    constexpr std::int64_t tile_draws = 1 << 16;
    const std::int64_t unit = std::lcm(each, draws_per_block);
    return std::max<std::int64_t>(1, tile_draws / (channels * unit)) * unit;
}

RateCode code_of(const OptionSet& options, double value_ms, bool is_signed) {
    const auto step_ms = options.get<double>("step_ms");
    const double step_s = step_ms / 1000, gain = options.get<double>("rate_hz") * step_s;
    ELM_CHECK(gain <= 1 + 1e-9,
              "rate_hz {:g} is more than one spike in a step of {:g} ms: choose a shorter step_ms",
              options.get<double>("rate_hz"), step_ms);
    constexpr double longest = 1e18;  // steps
    const double onset = std::ceil(options.get<double>("onset_ms") / step_ms);
    return {.steps_each = steps_per_value(options, value_ms),
            .silent_steps = static_cast<std::int64_t>(std::min(onset, longest)),
            .gain = static_cast<float>(gain),
            .offset = static_cast<float>(options.get<double>("spontaneous_hz") * step_s),
            .is_signed = is_signed};
}

void check_draws(std::int64_t draws) {
    ELM_CHECK(draws <= draws_per_block << 32,
              "{} draws, but a random key has {}: encode shorter pieces", draws,
              draws_per_block << 32);
}

}  // namespace

OptionSet rate_options() {
    OptionSet options;
    options.declare({.name = "rate_hz",
                     .value = 100.0,
                     .help = "rate of a value of 1",
                     .unit = "Hz",
                     .lowest = 0});
    options.declare({.name = "spontaneous_hz",
                     .value = 0.0,
                     .help = "rate of a value of 0; below 0 small values are silent",
                     .unit = "Hz"});
    options.declare({.name = "onset_ms",
                     .value = 0.0,
                     .help = "silence at the beginning",
                     .unit = "ms",
                     .lowest = 0});
    declare_step(options);
    return options;
}

Encoding draw_rates(const OptionSet& options, const Signal& signal, const RandomKey& key,
                    bool is_signed) {
    const RateCode code = code_of(options, signal.step_ms, is_signed);
    const std::int64_t each = code.steps_each, channels = signal.n_channels;
    Encoding encoding = empty_encoding(options, signal, each, is_signed ? 2 : 1);
    check_draws(encoding.n_steps * channels);
    const std::int64_t tile = std::min(steps_of_tile(channels, each), encoding.n_steps);
    std::vector<std::uint8_t> ones(static_cast<std::size_t>(tile * channels));
    Stream host{Device{}};
    for (std::int64_t begin = 0; begin < encoding.n_steps; begin += tile) {
        const std::int64_t steps = std::min(tile, encoding.n_steps - begin);
        rate_draws_kernel(host, {.values = {signal.values.data() + begin / each * channels,
                                            {steps / each, channels}},
                                 .spikes = {ones.data(), {steps, channels}},
                                 .key = key,
                                 .steps_each = each,
                                 .gain = code.gain,
                                 .offset = code.offset,
                                 .is_signed = is_signed,
                                 .first_draw = begin * channels});
        // As many as the steps before had, and some more.
        if (begin == tile) {
            encoding.spikes.reserve(encoding.spikes.size() * 9 / 8 *
                                    static_cast<std::size_t>(encoding.n_steps / tile + 1));
        }
        for (std::int64_t row = std::max<std::int64_t>(0, code.silent_steps - begin); row < steps;
             ++row) {
            const std::int64_t step = begin + row;
            const float* const values = signal.values.data() + step / each * channels;
            for_each_one(ones.data() + row * channels, channels, [&](std::int64_t channel) {
                const std::int64_t unit = is_signed ? 2 * channel + (values[channel] < 0) : channel;
                encoding.spikes.push_back({step, static_cast<std::int32_t>(unit)});
            });
        }
    }
    return encoding;
}

Tensor draw_rates(Stream& stream, const OptionSet& options, const SignalBatch& batch,
                  bool is_signed) {
    return draw_batch(stream, batch, code_of(options, batch.step_ms, is_signed));
}

Tensor draw_batch(Stream& stream, const SignalBatch& batch, const RateCode& code) {
    const std::int64_t samples = batch.values.shape()[0], channels = batch.values.shape()[2];
    const std::int64_t steps = batch.values.shape()[1] * code.steps_each;
    check_draws(steps * channels);
    std::vector<std::int32_t> purposes;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
        const auto number = static_cast<std::uint32_t>(batch.first_sample + sample);
        purposes.push_back(std::bit_cast<std::int32_t>(batch.key.for_part(number).purpose));
    }
    const Tensor of_keys = Tensor::from<std::int32_t>(stream, {samples}, purposes);
    Tensor cells = Tensor::zeros(stream, {samples, steps, code.is_signed ? 2 * channels : channels},
                                 DType::f32);
    batch_draws_kernel(stream, {.values = view<const float, 3>(batch.values),
                                .lengths = view<const std::int32_t, 1>(batch.lengths),
                                .purposes = view<const std::int32_t, 1>(of_keys),
                                .cells = view<float, 3>(cells),
                                .key = batch.key,
                                .steps_each = code.steps_each,
                                .silent_steps = code.silent_steps,
                                .gain = code.gain,
                                .offset = code.offset,
                                .is_signed = code.is_signed});
    return cells;
}

}  // namespace elm
