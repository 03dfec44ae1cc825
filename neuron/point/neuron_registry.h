#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/core/support/error.h"
#include "kernels/io/option_set.h"
#include "neuron/point/neuron.h"

namespace elm {

/// A point neuron that is known by name: what its header says about it.
struct NeuronEntry {
    std::string name;
    std::string summary;
    std::string source;    // authors, year, DOI or arXiv id
    OptionSet parameters;  // with units, defaults and ranges; the kind of reset is "reset"
    std::vector<NeuronQuantity> inputs, states;
    bool is_event = false;      // fulfils EventNeuron
    bool is_trainable = false;  // fulfils TrainableNeuron
};

/// All of them, in the order of neurons.def.
const std::vector<NeuronEntry>& all_neurons();

/// Throws Error{invalid} with the nearest name if there is no such neuron.
const NeuronEntry& find_neuron(std::string_view name);

namespace detail {
OptionSet options_of_neuron(std::span<const NeuronQuantity> parameters,
                            std::span<const ResetKind> resets);
}  // namespace detail

/// The options of a neuron at their defaults: its parameters, and "reset", one of its kinds.
template <PointNeuron Neuron>
OptionSet neuron_options() {
    return detail::options_of_neuron(Neuron::parameters, Neuron::resets);
}

/// "by subtraction" or "to a value", as the option "reset" has them.
const char* reset_name(ResetKind reset) noexcept;
ResetKind reset_of(const OptionSet& options);

/// The values of neuron_options(). Throws Error{invalid} for values that do not go together.
template <PointNeuron Neuron>
typename Neuron::template Parameters<double> neuron_parameters(const OptionSet& options) {
    typename Neuron::template Parameters<double> parameters{};
    std::size_t i = 0;
    Neuron::template Parameters<double>::each(parameters, [&](double& value) {
        value = options.get<double>(Neuron::parameters[i++].name);
    });
    if (const char* const conflict = Neuron::conflict(parameters, reset_of(options))) {
        throw Error(ErrorKind::invalid, std::string("neuron ") + Neuron::name + ": " + conflict);
    }
    return parameters;
}

/// Whole steps of a refractory period: the nearest, halves away from zero.
std::int64_t refractory_steps_of(double refractory_period_ms, double time_step_ms);

}  // namespace elm
