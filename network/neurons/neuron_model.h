#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "neuron/point/neuron.h"

namespace elm::network {

/// One step of neighbouring neurons of one model. Arrays hold a whole number of vectors, all their
/// elements valid; neurons from `count` on are there to fill the last one and do not spike.
template <class Real>
struct NeuronStep {
    std::int64_t count = 0;
    Real* const* states = nullptr;
    Real* spike = nullptr;  // of the step before; null where the model does not look at it
    Real* refractory_left = nullptr;
    const Real* const* coefficients = nullptr;  // of each neuron; or one for all, if `uniform`
    const Real* refractory_steps = nullptr;     // likewise
    bool uniform = true;
    ResetKind reset = ResetKind::to_value;
    Real* const* rows = nullptr;      // by input: of each neuron, zero afterwards; or null
    const Real* levels = nullptr;     // by input: of all neurons
    std::uint32_t first_id = 0;       // number of the first neuron
    std::uint32_t* spikes = nullptr;  // numbers of those that spike, in order
};

struct NeuronStepResult {
    std::int64_t n_spikes = 0;
    std::int64_t not_finite = -1;  // first neuron whose potential is NaN
};

/// A neuron of neurons.def as engines use it: numbers in the order of its descriptions.
struct NeuronModel {
    std::string_view name;
    std::span<const NeuronQuantity> parameters, inputs, states;
    std::vector<InputDeposit> deposits;  // one for each input
    bool uses_last_spike = true;
    ResetKind reset = ResetKind::to_value;  // what it has of resets: to a value before others
    const char* (*conflict)(std::span<const double> parameters, ResetKind reset) = nullptr;
    std::vector<double> (*coefficients_of)(std::span<const double> parameters,
                                           double time_step_ms) = nullptr;
    std::vector<double> (*initial_of)(std::span<const double> coefficients) = nullptr;
    NeuronStepResult (*step_f32)(const NeuronStep<float>&) = nullptr;
    NeuronStepResult (*step_f64)(const NeuronStep<double>&) = nullptr;

    /// Index of a parameter, input or state; its name has been checked.
    static std::size_t index_of(std::span<const NeuronQuantity> quantities, std::string_view name);
};

/// Throws Error{invalid} with the nearest name.
const NeuronModel& neuron_model(std::string_view name);

}  // namespace elm::network
