#include "neuron/elm/elm_scan_model.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/core/support/check.h"

namespace elm {

double decay_factor(double time_step_ms, double tau_ms) {
    return std::exp(-time_step_ms / std::max(tau_ms, 1e-6));
}

namespace {

ElmScanModel::Layer dense_layer(const ElmModel& model, const std::string& name) {
    return {model.at(name + ".weight").values, model.at(name + ".bias").values};
}

std::vector<std::int64_t> stored_routing(const ElmModel& model) {
    const ElmOptions& options = model.options;
    if (options.routing == SynapseRouting::none) return make_routing(options, 0);
    const NamedArray& index = model.at("input_to_synapse_indices");
    const NamedArray& valid = model.at("valid_indices_mask");
    std::vector<std::int64_t> input_of(index.values.size());
    for (std::size_t s = 0; s < input_of.size(); ++s) {
        input_of[s] = valid.values[s] != 0 ? static_cast<std::int64_t>(index.values[s]) : -1;
    }
    return input_of;
}

/// Sets the traces of the scan: per branch wherever a branch's synapses decay alike, for their sum
/// then obeys the same equation.
void set_traces(const ElmModel& model, ElmStructure& structure) {
    const ElmOptions& options = model.options;
    const bool v1 = options.version == ElmVersion::v1;
    const std::vector<double>& tau = model.at(v1 ? "tau_s" : "tau_b").values;
    const auto n_branch = static_cast<std::size_t>(options.branches());
    const std::size_t per_branch = v1 ? static_cast<std::size_t>(options.n_synapse_per_branch) : 1;
    for (std::size_t branch = 0; branch < n_branch; ++branch) {
        for (std::size_t k = 1; k < per_branch; ++k) {
            if (tau[branch * per_branch + k] != tau[branch * per_branch]) {
                structure.trace_per_synapse = true;
            }
        }
    }
    if (structure.trace_per_synapse) {
        for (const double value : tau) {
            structure.trace_decay.push_back(decay_factor(options.time_step_ms, value));
        }
        return;
    }
    for (std::size_t branch = 0; branch < n_branch; ++branch) {
        structure.trace_decay.push_back(
            decay_factor(options.time_step_ms, tau[branch * per_branch]));
    }
}

}  // namespace

double longest_memory_tau_ms(const ElmOptions& options) {
    // v2 keeps the interval open where both ends agree.
    return options.version == ElmVersion::v2
               ? std::max(options.memory_tau_max_ms, options.memory_tau_min_ms + 3e-6)
               : options.memory_tau_max_ms;
}

MemoryTau memory_tau(const ElmOptions& options, double proto) {
    const double range = longest_memory_tau_ms(options) - options.memory_tau_min_ms;
    const double share = 1.0 / (1.0 + std::exp(-proto));
    // An infinite proto stands at an end of the interval, where the slope is zero.
    const double rest = 1.0 / (1.0 + std::exp(proto));
    return {range * share + options.memory_tau_min_ms, range * share * rest};
}

double memory_tau_proto(const ElmOptions& options, double tau_ms) {
    return std::log((tau_ms - options.memory_tau_min_ms) /
                    (longest_memory_tau_ms(options) - tau_ms));
}

MemoryCoefficients memory_coefficients(const ElmOptions& options, double proto) {
    const double dt = options.time_step_ms, lambda = options.lambda;
    const auto [tau, slope] = memory_tau(options, proto);
    const double decay = decay_factor(dt, tau), decay_slope = decay * dt / (tau * tau) * slope;
    if (options.version == ElmVersion::v1) {
        return {decay, lambda * (1.0 - decay), decay_slope, -lambda * decay_slope};
    }
    const double driven = decay_factor(lambda * dt, tau);
    return {decay, 1.0 - driven, decay_slope, -driven * lambda * dt / (tau * tau) * slope};
}

ElmScanModel scan_model(const ElmModel& model) {
    const ElmOptions& options = model.options;
    ElmScanModel scan;
    auto& [structure, parameters] = scan;
    structure.n_input = options.n_input;
    structure.n_branch = options.branches();
    structure.n_synapse_per_branch = options.n_synapse_per_branch;
    structure.input_of_synapse = stored_routing(model);
    set_traces(model, structure);
    structure.input_sign.assign(static_cast<std::size_t>(options.n_input), 1.0);
    if (options.routing == SynapseRouting::neuronio) {
        std::fill(structure.input_sign.begin() + options.n_input / 2, structure.input_sign.end(),
                  -1.0);
    }
    structure.hidden_unit = options.activation;
    for (const double proto : model.at("_proto_w_s").values) {
        parameters.synapse_weight.push_back(std::max(proto, 0.0));
    }
    for (std::int64_t layer = 0; layer <= options.mlp_layers; ++layer) {
        parameters.layers.push_back(dense_layer(model, fmt::format("mlp.network.{}", 2 * layer)));
    }
    for (const double proto : model.at("_proto_tau_m").values) {
        const MemoryCoefficients memory = memory_coefficients(options, proto);
        parameters.memory_decay.push_back(memory.decay);
        parameters.memory_gain.push_back(memory.gain);
    }
    parameters.readout = dense_layer(model, "w_y");
    return scan;
}

}  // namespace elm
