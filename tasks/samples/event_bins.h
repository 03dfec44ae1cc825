#pragma once

#include <cstdint>
#include <span>

#include "kernels/core/spike_train.h"

namespace elm {

/// Events of a sample as steps of a model: an event of time t (s) is in bin k where
/// k bin_s <= t < (k + 1) bin_s, in double precision, so that times which stand in a file with few
/// digits stay where they are. Those from the end of the last bin on are left out.
struct EventBins {
    double bin_s = 0;
    std::int64_t n_bins = 0;   // of a sequence
    std::int64_t n_parts = 1;  // sequences of a sample, each behind the one before
    bool counts = true;        // several events of a unit in a bin add up; else they are one spike
};

/// Bins of `bin_ms` up to `duration_ms`: as many as begin before it, the last one may end later.
EventBins event_bins(double bin_ms, double duration_ms);

/// A sample of events is a row of numbers: time (s) and unit of each event, one after the other,
/// and between two sequences a time of 0 and this unit.
inline constexpr float between_sequences = -1;

/// Appends a sample, whose unit u spikes as unit joined[u], or as itself where `joined` is empty.
/// Throws Error{data} for a time that is negative or not finite, a unit that is not there and
/// another number of sequences.
void append_events(SpikeTrain& train, const EventBins& bins, std::span<const std::int32_t> joined,
                   std::span<const float> events);

}  // namespace elm
