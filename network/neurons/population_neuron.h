#pragma once

#include <cstdint>
#include <string>

#include "network/description/network_description.h"
#include "network/neurons/neuron_model.h"
#include "neuron/point/neuron_registry.h"

/// What the neurons of a population are, point neurons and ELM neurons alike.
///
/// An ELM neuron has one dimensionless input for each of its synapses, on which a weight of 1 is a
/// spike as the model was fitted to. Where its routing is "neuronio" the first half of them is the
/// input "excitatory" and the second half "inhibitory", whose weights count with their sign turned;
/// else all are the input "synapses". States are the probability of a spike in the step and, of
/// models with two outputs, the membrane potential.
namespace elm::network {

/// "elm", which neurons.def does not have.
extern const std::string elm_neuron_name;

/// Names that a population may give as its neuron, sources of spikes included.
std::vector<std::string> neuron_names();

/// That of a model with both outputs and excitatory and inhibitory inputs.
const NeuronEntry& elm_neuron_entry();

/// What a population of neurons, not of sources, says of itself. Throws Error{invalid} with the
/// nearest name.
const NeuronEntry& entry_of(const Population& population);
const NeuronModel& model_of(const Population& population);

/// Inputs of the model that an input of the population stands for; 1 for point neurons.
struct SynapseRange {
    std::int64_t first = 0, count = 1;
    bool is_negative = false;
};
SynapseRange synapses_of(const Population& population, std::size_t input);

/// False for a built-in model that is written by hand, anew for each step.
bool is_fit(const ElmModel& builtin);

/// The model called `name` at the steps of a network: a built-in one, or a file, which may stand
/// beside the file `description`. Throws Error{invalid} if there is none, or if the model keeps to
/// the step that it was fitted at.
ElmNode load_elm_node(const std::string& name, const std::string& description, double time_step_ms);

/// Which of the inputs behind an input each synapse of a connection uses.
class SynapseChoice {
public:
    /// The connection must outlive it.
    SynapseChoice(const Connection& connection, std::int64_t count);
    std::int64_t operator()(std::uint32_t word, std::int64_t index) const {
        return static_cast<std::int64_t>(draw_(word, index));
    }

private:
    Draw draw_;
};

}  // namespace elm::network
