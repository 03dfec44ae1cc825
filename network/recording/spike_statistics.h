#pragma once

#include <cstdint>
#include <vector>

#include "network/recording/spike_record.h"

namespace elm::network {

/// What the spikes of a population in a window of time say. A number of which there are too few
/// spikes is NaN.
struct SpikeStatistics {
    std::int64_t n_neurons = 0, n_spikes = 0;
    double rate_hz = 0;     // spikes / neuron / s
    double rate_sd_hz = 0;  // standard deviation of the rate over neurons
    double cv_isi = 0;      // standard deviation / mean of a neuron's intervals, mean over neurons
    std::int64_t n_cv = 0;  // neurons with enough intervals for that
    double fano_5ms = 0;    // variance / mean of the spikes of all neurons in bins of 5 ms
    double synchrony = 0;   // the same of 1000 neurons, evenly spread, in bins of 3 ms
    /// Mean of Pearson's correlation of the counts in bins of 2 ms over all pairs of 250 neurons,
    /// evenly spread, of those that spike.
    double correlation = 0;
};

/// Spikes of `n_neurons` in (from_ms, to_ms]. The CV counts neurons of at least `least_intervals`.
SpikeStatistics spike_statistics(const SpikeTrainOf& spikes, std::int64_t n_neurons, double from_ms,
                                 double to_ms, std::int64_t least_intervals = 5);

/// Spikes / neuron / s in bins of `bin_ms` from 0 on.
std::vector<double> population_rate(const SpikeTrainOf& spikes, std::int64_t n_neurons,
                                    double duration_ms, double bin_ms);

}  // namespace elm::network
