#pragma once

#include <cstdint>

#include "kernels/core/tensor.h"

/// The loss of a NeuronIO surrogate: 1/2 binary cross entropy of the spikes, from logits, plus
/// 1/2 squared error of the voltage, each the mean over all bins.
///     y0 spike logit, s 0 or 1:   log(1 + exp(-|y0|)) + max(y0, 0) - s y0
///     y1 voltage, v its target:   (y1 - v)^2           (both as in neuronio_output.h)
/// Source: Spieler et al. 2024, arXiv 2306.16922.
namespace elm {

/// Sums over bins.
struct NeuronIoLoss {
    double spike = 0, voltage = 0;
    std::int64_t bins = 0;

    void add(const NeuronIoLoss& other) {
        spike += other.spike;
        voltage += other.voltage;
        bins += other.bins;
    }
    double mean_spike() const { return spike / static_cast<double>(bins); }
    double mean_voltage() const { return voltage / static_cast<double>(bins); }
    double mean() const { return 0.5 * (mean_spike() + mean_voltage()); }
};

/// The loss of one sample of a batch on the CPU, and the gradient of the mean over `n_bins` bins.
/// Shapes: output, gradient (batch, time, 2); spikes, voltage (batch, time), of the same type; all
/// on the host. Different samples may be done by different threads.
NeuronIoLoss neuronio_loss(const Tensor& output, const Tensor& spikes, const Tensor& voltage,
                           std::int64_t sample, std::int64_t n_bins, const Tensor& gradient);

}  // namespace elm
