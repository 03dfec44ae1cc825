#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/spike_train.h"

namespace elm {

/// A leaky membrane below threshold with exponential synaptic current:
///   tau_m dV/dt = -(V - E) + I,   dI/dt = -I / tau_syn,   I jumps by w at a spike.
/// V: membrane potential, mV; I: synaptic current times membrane resistance, mV.
/// The first half of the inputs is excitatory, the second half inhibitory. With these weights,
/// Poisson input of 5 to 20 Hz holds V on average at -66 to -55 mV.
struct LeakyIntegrator {
    std::int64_t n_input = 100;
    double tau_m = 20.0;               // ms
    double tau_syn = 5.0;              // ms
    double resting_potential = -70.0;  // mV
    double threshold = -55.0;          // mV, of the spike logit only: V is not reset
    double excitatory_weight = 6.0;    // mV
    double inhibitory_weight = 3.0;    // mV
    double spike_logit_per_mV = 2.0;   // steepness of the spike probability at threshold
};

/// The exact solution, spike by spike: after a spike at 0,
///   V(t) - E = w tau_syn / (tau_m - tau_syn) (exp(-t / tau_m) - exp(-t / tau_syn)),
/// and solutions add. Source: Rotter & Diesmann 1999, doi:10.1007/s004220050570.
class ExactLeakyIntegrator {
public:
    explicit ExactLeakyIntegrator(const LeakyIntegrator& cell, double time_step_ms);

    /// Membrane potential in mV at the end of each of the next steps; spikes act at the start of
    /// their step. `spikes` holds one sample. Chunks may follow each other.
    std::vector<double> advance(const SpikeTrain& spikes);

private:
    LeakyIntegrator cell_;
    double time_step_ms_;
    double slow_ = 0, fast_ = 0;  // sums of w exp(-t / tau_m) and w exp(-t / tau_syn) over spikes
};

}  // namespace elm
