#include "tasks/data/spikes/spike_listing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 22> time_units{{
    {"ms", 1},
    {"msec", 1},
    {"msecs", 1},
    {"millisecond", 1},
    {"milliseconds", 1},
    {"milli-seconds", 1},
    {"s", 1e3},
    {"sec", 1e3},
    {"secs", 1e3},
    {"second", 1e3},
    {"seconds", 1e3},
    {"us", 1e-3},
    {"usec", 1e-3},
    {"usecs", 1e-3},
    {"\u00b5s", 1e-3},
    {"\u03bcs", 1e-3},
    {"microsecond", 1e-3},
    {"microseconds", 1e-3},
    {"ns", 1e-6},
    {"nsec", 1e-6},
    {"nanosecond", 1e-6},
    {"nanoseconds", 1e-6},
}};

[[noreturn]] void fail(const std::string& place, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{} {}", place, what));
}

void check_time(double time_ms, std::optional<double> duration_ms, const SpikeListing& spikes,
                std::size_t at) {
    if (!std::isfinite(time_ms)) {
        fail(spikes.place_of_time(at),
             fmt::format("is {}, expected a time in ms. Remove such spikes.", time_ms));
    }
    if (time_ms < 0) {
        fail(spikes.place_of_time(at),
             fmt::format("is {} ms, expected a time from 0 on. Shift or remove such spikes.",
                         time_ms));
    }
    if (duration_ms && time_ms >= *duration_ms) {
        fail(spikes.place_of_time(at),
             fmt::format("is {} ms, expected less than the duration of {} ms. Correct the "
                         "attribute or remove such spikes.",
                         time_ms, *duration_ms));
    }
}

}  // namespace

SpikeSummary check_spikes(SpikeListing& spikes, std::int64_t n_units,
                          std::optional<double> duration_ms) {
    SpikeSummary summary;
    double previous_ms = 0;
    spikes.rewind();
    while (true) {
        const SpikeBlock& block = spikes.next();
        if (block.size() == 0) return summary;
        for (std::size_t at = 0; at < block.size(); ++at) {
            const double time_ms = block.times_ms[at], unit = block.units[at];
            check_time(time_ms, duration_ms, spikes, at);
            if (!(unit >= 0 && unit < static_cast<double>(n_units)) || unit != std::floor(unit)) {
                fail(spikes.place_of_unit(at),
                     unit == std::floor(unit)
                         ? fmt::format("is {}, expected 0 to {}: the model has {} inputs.", unit,
                                       n_units - 1, n_units)
                         : fmt::format("is {}, expected a whole number.", unit));
            }
            summary.in_order = summary.in_order && time_ms >= previous_ms;
            summary.last_ms = std::max(summary.last_ms, time_ms);
            previous_ms = time_ms;
        }
        summary.count += static_cast<std::int64_t>(block.size());
    }
}

std::optional<double> ms_per_time_unit(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    const std::size_t begin = lower.find_first_not_of(" \t");
    if (begin == std::string::npos) return std::nullopt;
    lower = lower.substr(begin, lower.find_last_not_of(" \t") - begin + 1);
    for (const auto& [known, ms] : time_units) {
        if (lower == known) return ms;
    }
    return std::nullopt;
}

double require_time_unit(std::string_view name, const std::string& place) {
    if (const auto ms = ms_per_time_unit(name)) return *ms;
    fail(place, fmt::format("is in the unit '{}', which is not known: expected milliseconds (ms), "
                            "seconds (s), microseconds (us) or nanoseconds (ns).",
                            name));
}

}  // namespace elm
