#include "encoders/encoder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "encoders/law/encode_by_law.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Whether all values lie between two, as fast as memory is read. NaN lies nowhere.
bool all_within(const std::vector<float>& values, float lowest, float highest) {
    constexpr int n = lanes::native<float>;
    const auto whole = static_cast<std::int64_t>(values.size()) / n * n;
    lanes::Vec<std::int32_t, n> within = lanes::Vec<std::int32_t, n>{} - 1;
    for (std::int64_t at = 0; at < whole; at += n) {
        const auto value = lanes::load<float, n>(values.data() + at);
        within &= (value >= lowest) & (value <= highest);
    }
    bool all = true;
    for (int lane = 0; lane < n; ++lane) all = all && within[lane] != 0;
    return all && std::all_of(values.begin() + whole, values.end(),
                              [&](float value) { return value >= lowest && value <= highest; });
}

RangeCheck check_of(const SignalRange& range) {
    return {.lowest = static_cast<float>(range.lowest),
            .highest = static_cast<float>(range.highest),
            .whole_numbers = range.whole_numbers};
}

void check_values(const EncoderEntry& encoder, const Signal& signal) {
    const SignalRange& range = encoder.range;
    const auto fail = [&](std::int64_t step, std::int64_t channel, float value) {
        throw Error(
            ErrorKind::data,
            fmt::format("the value of step {}, channel {} is {}: the encoder {} takes {}{}", step,
                        channel, value, encoder.name, words_for(range),
                        range.whole_numbers || !std::isfinite(value) ? "" : ". Scale the signal."));
    };
    const RangeCheck check = check_of(range);
    if (!range.whole_numbers && all_within(signal.values, check.lowest, check.highest)) return;
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float value) {
        if (!check.takes(value)) fail(step, channel, value);
    });
}

void check_events(const Signal& signal) {
    const auto fail = [&](std::size_t at, const std::string& what) {
        throw Error(ErrorKind::data, fmt::format("event {}: {}", at, what));
    };
    double before = 0;
    for (std::size_t at = 0; at < signal.events.size(); ++at) {
        const SignalEvent& event = signal.events[at];
        if (!std::isfinite(event.time_ms) || event.time_ms < 0) {
            fail(at,
                 fmt::format("its time is {} ms, expected a finite one from 0 on", event.time_ms));
        }
        if (event.time_ms < before) {
            fail(at, fmt::format("its time of {} ms is before that of the event before it, {} ms: "
                                 "sort the events",
                                 event.time_ms, before));
        }
        if (event.unit < 0 || event.unit >= signal.n_channels) {
            fail(at, fmt::format("its unit is {}, expected 0 to {}", event.unit,
                                 signal.n_channels - 1));
        }
        before = event.time_ms;
    }
}

/// Sorts spikes by step, then unit. Most laws make those of a step in order of units.
void put_in_order(std::vector<SpikeEvent>& spikes, std::int64_t n_steps) {
    std::vector<std::int64_t> ends(static_cast<std::size_t>(n_steps) + 1);
    for (const SpikeEvent& spike : spikes) {
        ELM_ASSERT(spike.step >= 0 && spike.step < n_steps);
        ++ends[static_cast<std::size_t>(spike.step) + 1];
    }
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    std::vector<SpikeEvent> ordered(spikes.size());
    for (const SpikeEvent& spike : spikes) {  // each beginning becomes the end of its step
        const auto step = static_cast<std::size_t>(spike.step);
        ordered[static_cast<std::size_t>(ends[step]++)] = spike;
    }
    const auto by_unit = [](const SpikeEvent& a, const SpikeEvent& b) { return a.unit < b.unit; };
    std::int64_t begin = 0;
    for (const std::int64_t end : ends) {
        const auto first = ordered.begin() + begin, last = ordered.begin() + end;
        if (!std::is_sorted(first, last, by_unit)) std::sort(first, last, by_unit);
        begin = end;
    }
    spikes = std::move(ordered);
}

}  // namespace

const char* words_for(SignalKind kind) {
    switch (kind) {
        case SignalKind::values:
            return "values";
        case SignalKind::sound:
            return "a sound of one channel";
        case SignalKind::bytes:
            return "bytes";
        case SignalKind::events:
            return "a stream of events";
    }
    return "";
}

std::string words_for(const SignalRange& range) {
    const char* const numbers = range.whole_numbers ? "whole numbers" : "finite numbers";
    if (range.lowest <= SignalRange{}.lowest) return numbers;
    return fmt::format("{} from {} to {}", numbers, range.lowest, range.highest);
}

Encoding encode(const EncoderEntry& encoder, const OptionSet& options, const Signal& signal,
                const RandomKey& key) {
    const bool has_events = !signal.events.empty();
    const bool fits = encoder.reads == SignalKind::events  ? signal.values.empty()
                      : encoder.reads == SignalKind::sound ? !has_events && signal.n_channels == 1
                                                           : !has_events;
    if (!fits) {
        throw Error(
            ErrorKind::data,
            fmt::format("the encoder {} takes {}, not {}", encoder.name, words_for(encoder.reads),
                        has_events ? std::string(words_for(SignalKind::events))
                                   : fmt::format("values of {} channels", signal.n_channels)));
    }
    if (signal.values.empty() && !has_events) {
        throw Error(ErrorKind::data, "there is nothing to encode: the signal is empty");
    }
    ELM_ASSERT(has_events || std::ssize(signal.values) == signal.n_steps * signal.n_channels);
    ELM_CHECK(signal.step_ms > 0 && std::isfinite(signal.step_ms),
              "a value lasts {} ms, expected a positive time", signal.step_ms);
    has_events ? check_events(signal) : check_values(encoder, signal);
    Encoding encoding = encoder.encode(options, signal, key);
    const auto in_order = [](const SpikeEvent& a, const SpikeEvent& b) {
        return a.step != b.step ? a.step < b.step : a.unit < b.unit;
    };
    if (!std::is_sorted(encoding.spikes.begin(), encoding.spikes.end(), in_order)) {
        put_in_order(encoding.spikes, encoding.n_steps);
    }
    return encoding;
}

std::optional<Tensor> encode_batch(Stream& stream, const EncoderEntry& encoder,
                                   const OptionSet& options, const SignalBatch& batch) {
    if (encoder.encode_batch == nullptr) return std::nullopt;
    ELM_CHECK(batch.step_ms > 0 && std::isfinite(batch.step_ms),
              "a value lasts {} ms, expected a positive time", batch.step_ms);
    if (any_refused(stream, check_of(encoder.range), batch)) return std::nullopt;
    return encoder.encode_batch(stream, options, batch);
}

ReconstructionError reconstruction_error(const EncoderEntry& encoder, const OptionSet& options,
                                         const Signal& signal, const Encoding& encoding) {
    const Signal decoded = encoder.decode(options, encoding, signal.step_ms);
    ELM_ASSERT(decoded.values.size() == signal.values.size());
    ReconstructionError error;
    for (std::size_t i = 0; i < signal.values.size(); ++i) {
        const double difference = std::abs(double{decoded.values[i]} - double{signal.values[i]});
        error.root_mean_square += difference * difference;
        error.largest = std::max(error.largest, difference);
    }
    error.root_mean_square =
        std::sqrt(error.root_mean_square / static_cast<double>(signal.values.size()));
    return error;
}

void declare_step(OptionSet& options) {
    options.declare({.name = "step_ms",
                     .value = 1.0,
                     .help = "time step of the output",
                     .unit = "ms",
                     .lowest = 1e-6,
                     .highest = 1e6});
}

std::int64_t steps_per_value(const OptionSet& options, double value_ms, std::int64_t fewest) {
    const auto step_ms = options.get<double>("step_ms");
    const double steps = value_ms / step_ms, whole = std::round(steps);
    ELM_CHECK(whole >= 1 && std::abs(steps - whole) <= 1e-6 * whole,
              "a value lasts {:g} ms, which is no whole number of steps of {:g} ms: choose another "
              "step_ms",
              value_ms, step_ms);
    ELM_CHECK(whole >= static_cast<double>(fewest),
              "a value lasts {:g} ms, {} steps of {:g} ms, but its code takes {}: let values last "
              "longer, or choose a shorter step_ms",
              value_ms, whole, step_ms, fewest);
    return static_cast<std::int64_t>(whole);
}

Encoding empty_encoding(const OptionSet& options, const Signal& signal, std::int64_t steps_each,
                        std::int64_t units_each) {
    const bool has_step = std::ranges::any_of(
        options.options(), [](const Option& option) { return option.name == "step_ms"; });
    return {.n_steps = signal.n_steps * steps_each,
            .n_units = signal.n_channels * units_each,
            .step_ms = has_step ? options.get<double>("step_ms")
                                : signal.step_ms / static_cast<double>(steps_each)};
}

Signal empty_signal(const Encoding& encoding, double value_ms, std::int64_t steps_each,
                    std::int64_t units_each) {
    Signal signal{.n_steps = encoding.n_steps / steps_each,
                  .n_channels = encoding.n_units / units_each,
                  .step_ms = value_ms};
    signal.values.assign(static_cast<std::size_t>(signal.n_steps * signal.n_channels), 0.0F);
    return signal;
}

}  // namespace elm
