#include "tasks/samples/event_bins.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

double edge(const EventBins& bins, std::int64_t bin) {
    return static_cast<double>(bin) * bins.bin_s;
}

/// The bin of a time before the end of the last one, or n_bins.
std::int64_t bin_of(const EventBins& bins, double time_s) {
    if (time_s >= edge(bins, bins.n_bins)) return bins.n_bins;
    auto bin = static_cast<std::int64_t>(time_s / bins.bin_s);
    while (edge(bins, bin) > time_s) --bin;
    while (edge(bins, bin + 1) <= time_s) ++bin;
    return bin;
}

void require_event(float time_s, float unit, std::int64_t n_units, std::size_t at) {
    if (!(time_s >= 0) || !std::isfinite(time_s)) {
        throw Error(
            ErrorKind::data,
            fmt::format("event {}: a time of {} s; expected a finite one from 0 on.", at, time_s));
    }
    if (!(unit >= 0 && unit < static_cast<float>(n_units))) {
        throw Error(ErrorKind::data,
                    fmt::format("event {}: unit {}; expected 0 to {}.", at, unit, n_units - 1));
    }
}

/// In the order of their keys, 0 to n_keys - 1; those of one key in the order in which they come.
template <class Key>
void sort_by(const Key& key, std::int64_t n_keys, std::vector<SpikeEvent>& spikes) {
    thread_local std::vector<std::size_t> place;
    thread_local std::vector<SpikeEvent> sorted;
    place.assign(static_cast<std::size_t>(n_keys) + 1, 0);
    for (const SpikeEvent& spike : spikes) ++place[static_cast<std::size_t>(key(spike)) + 1];
    std::partial_sum(place.begin(), place.end(), place.begin());
    sorted.resize(spikes.size());
    for (const SpikeEvent& spike : spikes) {
        sorted[place[static_cast<std::size_t>(key(spike))]++] = spike;
    }
    spikes.swap(sorted);
}

}  // namespace

EventBins event_bins(double bin_ms, double duration_ms) {
    ELM_CHECK(bin_ms > 0 && duration_ms > 0, "bins of {} ms over {} ms: expected positive times",
              bin_ms, duration_ms);
    const double bin_s = bin_ms / 1000, duration_s = duration_ms / 1000;
    // As many edges as numpy.arange(0, duration + bin, bin) has.
    const auto edges = static_cast<std::int64_t>(std::ceil((duration_s + bin_s) / bin_s));
    return {.bin_s = bin_s, .n_bins = edges - 1};
}

void append_events(SpikeTrain& train, const EventBins& bins, std::span<const std::int32_t> joined,
                   std::span<const float> events) {
    ELM_ASSERT(events.size() % 2 == 0 && train.n_steps >= bins.n_bins * bins.n_parts);
    thread_local std::vector<SpikeEvent> spikes;
    spikes.clear();
    std::int64_t part = 0;
    for (std::size_t at = 0; at < events.size(); at += 2) {
        const float time_s = events[at], unit = events[at + 1];
        if (unit == between_sequences) {
            ++part;
            continue;
        }
        require_event(time_s, unit, joined.empty() ? train.n_units : std::ssize(joined), at / 2);
        const std::int64_t bin = bin_of(bins, double{time_s});
        if (bin == bins.n_bins) continue;
        const auto own = static_cast<std::int32_t>(unit);
        spikes.push_back({part * bins.n_bins + bin,
                          joined.empty() ? own : joined[static_cast<std::size_t>(own)]});
    }
    if (part != bins.n_parts - 1) {
        throw Error(ErrorKind::data,
                    fmt::format("{} sequences; expected {}.", part + 1, bins.n_parts));
    }
    // Two passes of counting: by unit, then by step, which leaves the order within a step.
    sort_by([](const SpikeEvent& spike) { return spike.unit; }, train.n_units, spikes);
    sort_by([](const SpikeEvent& spike) { return spike.step; }, train.n_steps, spikes);
    ++train.n_samples;
    std::size_t next = 0;
    for (std::int64_t step = 0; step < train.n_steps; ++step) {
        std::int32_t last = -1;
        for (; next < spikes.size() && spikes[next].step == step; ++next) {
            if (!bins.counts && spikes[next].unit == last) continue;
            last = spikes[next].unit;
            train.units.push_back(last);
        }
        train.row_begin.push_back(static_cast<std::int64_t>(train.units.size()));
    }
}

}  // namespace elm
