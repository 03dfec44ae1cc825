#pragma once

#include <vector>

#include "network/recording/spike_record.h"

namespace elm::network {

/// Power spectrum of the spikes of a population.
struct RateSpectrum {
    double resolution_hz = 0;
    std::vector<double> power;  // at 0, resolution, 2 resolution, ... Hz; 1: Poisson trains

    /// Place of the highest power above 0 Hz; NaN where there is none.
    double peak_hz() const;
    double peak() const;
};

/// Of the spikes of all neurons in (from_ms, to_ms] in bins of 1 ms: squared magnitudes of the
/// discrete Fourier transform of their counts less the mean, under Hann windows of 500 ms that
/// overlap by half, divided by those of white noise of the same mean, averaged over the windows. So
/// independent Poisson trains have the power 1 at all frequencies but the two lowest. Empty for
/// less than a window, or no spikes.
/// Source: Welch 1967, doi:10.1109/TAU.1967.1161901.
RateSpectrum rate_spectrum(const SpikeTrainOf& spikes, double from_ms, double to_ms);

}  // namespace elm::network
