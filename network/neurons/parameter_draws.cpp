#include "network/neurons/parameter_draws.h"

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {

ParameterDraws::ParameterDraws(const NetworkDescription& network, std::size_t population)
    : population_(&network.populations[population]), model_(&model_of(*population_)) {
    const auto key_of = [&](const char* kind, const std::string& name) {
        return RandomKey{network.seed, 0, 0}
            .for_purpose(kind)
            .for_part(static_cast<std::uint32_t>(population))
            .for_purpose(name);
    };
    for (const NeuronQuantity& parameter : model_->parameters) defaults_.push_back(parameter.value);
    for (const auto& [name, distribution] : population_->parameters) {
        parameters_.push_back({name, NeuronModel::index_of(model_->parameters, name),
                               Draw(distribution), key_of("parameter", name)});
        uniform_ = uniform_ && distribution.is_constant();
    }
    for (const auto& [name, distribution] : population_->initial) {
        states_.push_back({name, NeuronModel::index_of(model_->states, name), Draw(distribution),
                           key_of("initial", name)});
    }
}

std::vector<double> ParameterDraws::of(std::int64_t neuron) const {
    std::vector<double> values = defaults_;
    for (const Quantity& parameter : parameters_) values[parameter.index] = parameter(neuron);
    if (const char* const conflict = model_->conflict(values, model_->reset)) {
        throw Error(ErrorKind::invalid,
                    fmt::format("{}{}population {}, neuron {}: {}", population_->place,
                                population_->place.empty() ? "" : ": ", population_->name, neuron,
                                conflict));
    }
    return values;
}

double ParameterDraws::initial(const std::string& state, std::int64_t neuron,
                               double otherwise) const {
    for (const Quantity& known : states_) {
        if (known.name == state) return known(neuron);
    }
    return otherwise;
}

}  // namespace elm::network
