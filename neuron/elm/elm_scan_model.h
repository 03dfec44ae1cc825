#pragma once

#include "kernels/ops/elm/scan_pass.h"
#include "neuron/elm/elm_model.h"

namespace elm {

/// exp(-dt / tau), with tau held above 1e-6 ms.
double decay_factor(double time_step_ms, double tau_ms);

/// A memory time constant and its derivative with respect to `_proto_tau_m`:
/// tau_m = (tau_max - tau_min) sigmoid(proto) + tau_min; proto may be infinite.
struct MemoryTau {
    double value_ms, slope_ms;
};
MemoryTau memory_tau(const ElmOptions& options, double proto);
/// The `_proto_tau_m` of a time constant between the ends.
double memory_tau_proto(const ElmOptions& options, double tau_ms);
/// memory_tau_max, or a little above memory_tau_min in v2 where it is not.
double longest_memory_tau_ms(const ElmOptions& options);

/// Coefficients that the recurrence takes from a time constant, and the derivatives with respect to
/// `_proto_tau_m`: kappa_m = exp(-dt / tau), gamma = lambda (1 - kappa_m) in v1 and
/// 1 - exp(-lambda dt / tau) in v2.
struct MemoryCoefficients {
    double decay, gain, decay_slope, gain_slope;
};
MemoryCoefficients memory_coefficients(const ElmOptions& options, double proto);

/// The recurrence that a model stands for: rectified weights, decay factors, routing, layers.
ElmScanModel scan_model(const ElmModel& model);

}  // namespace elm
