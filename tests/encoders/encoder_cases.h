#pragma once

#include <string>
#include <utility>
#include <vector>

#include "encoders/encoder_registry.h"

namespace elm::test {

using Settings = std::vector<std::pair<std::string, std::string>>;

inline OptionSet options_of(const EncoderEntry& encoder, const Settings& settings = {}) {
    OptionSet options = encoder.options;
    for (const auto& [name, text] : settings) options.set(name, text);
    return options;
}

/// Values of one channel after the other step, (steps, channels).
inline Signal signal_of(std::vector<float> values, std::int64_t n_channels, double step_ms) {
    const std::int64_t n_steps = std::ssize(values) / n_channels;
    return {.n_steps = n_steps,
            .n_channels = n_channels,
            .step_ms = step_ms,
            .values = std::move(values)};
}

inline Encoding encode_with(const std::string& name, const Settings& settings, const Signal& signal,
                            const RandomKey& key = {}) {
    const EncoderEntry& encoder = find_encoder(name);
    return encode(encoder, options_of(encoder, settings), signal, key);
}

/// Spikes of each unit in each step, (steps, units).
inline std::vector<int> counts_of(const Encoding& encoding) {
    std::vector<int> counts(static_cast<std::size_t>(encoding.n_steps * encoding.n_units));
    for (const SpikeEvent& spike : encoding.spikes) {
        ++counts[static_cast<std::size_t>(spike.step * encoding.n_units + spike.unit)];
    }
    return counts;
}

/// ON - OFF of each channel in each step, (steps, channels), of units 2c and 2c + 1.
inline std::vector<int> signs_of(const Encoding& encoding) {
    const std::vector<int> counts = counts_of(encoding);
    std::vector<int> signs;
    for (std::size_t at = 0; at < counts.size(); at += 2) {
        signs.push_back(counts[at] - counts[at + 1]);
    }
    return signs;
}

}  // namespace elm::test
