#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "kernels/core/spike_train.h"
#include "neuron/elm/elm_model.h"
#include "tests/reference/elm_reference.h"
#include "tests/support/hidden_unit.h"

/// Random ELM models and inputs for tests, and the same model for the naive reference.
namespace elm::test {

struct RandomElm {
    ElmOptions options;
    bool unequal_tau = false;  // each synapse (v1) or branch (v2) with a time constant of its own
    unsigned seed = 1;
};

inline ElmModel make_random_elm(const RandomElm& spec) {
    std::mt19937 generator(spec.seed);
    std::normal_distribution<double> normal;
    ElmModel model;
    model.options = spec.options;
    model.parameters = expected_arrays(spec.options);
    const auto routing = make_routing(spec.options, spec.seed);
    for (NamedArray& array : model.parameters) {
        std::size_t size = 1;
        for (const auto extent : array.shape) size *= static_cast<std::size_t>(extent);
        array.values.resize(size);
        for (std::size_t i = 0; i < size; ++i) {
            double value = 0;
            if (array.name == "_proto_w_s") {
                value = 0.3 * normal(generator) + 0.2;  // some below zero: silent synapses
            } else if (array.name == "tau_s" || array.name == "tau_b") {
                value = spec.options.synapse_tau_ms;
                if (spec.unequal_tau) value *= 0.5 + 0.1 * static_cast<double>(generator() % 20);
            } else if (array.name == "_proto_tau_m") {
                value = 2 * normal(generator);
            } else if (array.name == "input_to_synapse_indices") {
                value = static_cast<double>(routing[i] < 0 ? spec.options.n_input - 1 : routing[i]);
            } else if (array.name == "valid_indices_mask") {
                value = routing[i] < 0 ? 0 : 1;
            } else {
                const double fan_in = static_cast<double>(array.shape.back());
                value = normal(generator) / std::sqrt(fan_in);
            }
            // Values of a float32 file, so that both precisions run the same model.
            array.values[i] = static_cast<float>(value);
        }
    }
    return model;
}

inline reference::ElmParameters reference_of(const ElmModel& model) {
    const ElmOptions& options = model.options;
    reference::ElmParameters elm;
    elm.version = static_cast<int>(options.version);
    elm.n_input = static_cast<int>(options.n_input);
    elm.n_branch = static_cast<int>(options.branches());
    elm.n_synapse_per_branch = static_cast<int>(options.n_synapse_per_branch);
    elm.n_memory = static_cast<int>(options.n_memory);
    elm.n_output = static_cast<int>(options.n_output);
    const auto& proto_w = model.at("_proto_w_s").values;
    for (std::size_t s = 0; s < proto_w.size(); ++s) {
        elm.synapse_weight.push_back(proto_w[s] > 0 ? proto_w[s] : 0);
        if (options.routing == SynapseRouting::none) {
            elm.routing.push_back(static_cast<int>(s));
        } else {
            elm.routing.push_back(
                model.at("valid_indices_mask").values[s] != 0
                    ? static_cast<int>(model.at("input_to_synapse_indices").values[s])
                    : -1);
        }
    }
    elm.synapse_tau = model.at(options.version == ElmVersion::v1 ? "tau_s" : "tau_b").values;
    for (const double proto : model.at("_proto_tau_m").values) {
        const double low = options.memory_tau_min_ms;
        double high = options.memory_tau_max_ms;
        if (options.version == ElmVersion::v2 && high < low + 3e-6) high = low + 3e-6;
        elm.memory_tau.push_back(low + (high - low) / (1 + std::exp(-proto)));
    }
    elm.lambda = options.lambda;
    elm.delta_t = options.time_step_ms;
    elm.hidden_unit = reference_of(options.activation);
    const auto linear = [&](const std::string& name) {
        const NamedArray& weight = model.at(name + ".weight");
        return reference::Linear{static_cast<int>(weight.shape[0]),
                                 static_cast<int>(weight.shape[1]), weight.values,
                                 model.at(name + ".bias").values};
    };
    for (int layer = 0; layer <= options.mlp_layers; ++layer) {
        elm.mlp.push_back(linear("mlp.network." + std::to_string(2 * layer)));
    }
    elm.readout = linear("w_y");
    return elm;
}

/// Each unit spikes in each step with this probability.
inline SpikeTrain random_spikes(std::int64_t n_samples, std::int64_t n_steps, std::int64_t n_units,
                                double probability, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform;
    SpikeTrain train{n_samples, n_steps, n_units, {0}, {}};
    for (std::int64_t row = 0; row < n_samples * n_steps; ++row) {
        for (std::int32_t unit = 0; unit < n_units; ++unit) {
            if (uniform(generator) < probability) train.units.push_back(unit);
        }
        train.row_begin.push_back(static_cast<std::int64_t>(train.units.size()));
    }
    return train;
}

}  // namespace elm::test
