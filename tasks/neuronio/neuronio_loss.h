#pragma once

#include <cstdint>

#include "tasks/task.h"

/// The loss of a model fitted to NeuronIO: 1/2 binary cross entropy of the spikes, from logits,
/// plus 1/2 squared error of the voltage, each the mean over all bins.
///     y0 spike logit, s 0 or 1:   log(1 + exp(-|y0|)) + max(y0, 0) - s y0
///     y1 voltage, v its target:   (y1 - v)^2           (both as in neuronio_output.h)
/// Source: Spieler et al. 2024, arXiv 2306.16922.
namespace elm {

/// Parts of the sums, each over bins.
enum NeuronIoLossPart : std::size_t { spike_part, voltage_part };

/// How much the means of both parts count.
struct NeuronIoWeights {
    double spikes = 0.5, voltage = 0.5;
};

/// The loss of one sample of a batch on the CPU, and the gradient of the mean over `n_bins` bins.
/// Shapes: output, gradient (batch, time, 2); spikes, voltage (batch, time), of the same type; all
/// on the host. Steps before `first_step` count for nothing. Different samples may be done by
/// different threads.
LossSums neuronio_loss(const Tensor& output, const Tensor& spikes, const Tensor& voltage,
                       std::int64_t sample, std::int64_t n_bins, const Tensor& gradient,
                       const NeuronIoWeights& weights = {}, std::int64_t first_step = 0);

}  // namespace elm
