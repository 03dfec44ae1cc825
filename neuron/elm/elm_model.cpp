#include "neuron/elm/elm_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <fmt/format.h>

#include "kernels/core/support/check.h"

namespace elm {

void ElmOptions::check() const {
    ELM_CHECK(n_input > 0, "num_input must be positive (got {})", n_input);
    ELM_CHECK(n_output > 0, "num_output must be positive (got {})", n_output);
    ELM_CHECK(n_memory > 0, "num_memory must be positive (got {})", n_memory);
    ELM_CHECK(n_branch >= 0, "num_branch must not be negative (got {})", n_branch);
    ELM_CHECK(n_synapse_per_branch > 0, "num_synapse_per_branch must be positive (got {})",
              n_synapse_per_branch);
    ELM_CHECK(mlp_layers >= 0, "mlp_num_layers must not be negative (got {})", mlp_layers);
    ELM_CHECK(mlp_hidden >= 0, "mlp_hidden_size must not be negative (got {})", mlp_hidden);
    ELM_CHECK(is_hidden_unit(activation),
              "mlp_activation must be relu, relu2 or silu (got number {} of the activations)",
              static_cast<int>(activation));
    ELM_CHECK(lambda > 0, "lambda_value must be positive (got {})", lambda);
    // A weight that begins at zero, where it is rectified, has no gradient.
    using Single = std::numeric_limits<float>;
    ELM_CHECK(first_synaptic_weight >= Single::min() && first_synaptic_weight <= Single::max(),
              "w_s_value must be positive and a float32 number (got {})", first_synaptic_weight);
    ELM_CHECK(synapse_tau_ms > 0, "tau_s_value must be positive (got {} ms)", synapse_tau_ms);
    ELM_CHECK(memory_tau_min_ms > 0 && memory_tau_max_ms >= memory_tau_min_ms,
              "memory_tau_min and memory_tau_max must be positive and in order (got {} and {} ms)",
              memory_tau_min_ms, memory_tau_max_ms);
    ELM_CHECK(time_step_ms > 0, "delta_t must be positive (got {} ms)", time_step_ms);
    if (routing == SynapseRouting::none) {
        ELM_CHECK(synapses() == n_input,
                  "without routing there is one synapse per input: {} branches of {} synapses for "
                  "{} inputs. Choose random_routing or neuronio_routing.",
                  branches(), n_synapse_per_branch, n_input);
    }
    if (routing == SynapseRouting::neuronio) {
        ELM_CHECK(n_input % 2 == 0,
                  "neuronio_routing needs an even number of inputs (got {}): first half "
                  "excitatory, second half inhibitory",
                  n_input);
        const std::int64_t stride = (n_input + branches() - 1) / branches();
        ELM_CHECK(stride <= n_synapse_per_branch,
                  "neuronio_routing of {} inputs to {} branches needs at least {} synapses per "
                  "branch (got {})",
                  n_input, branches(), stride, n_synapse_per_branch);
    }
}

std::string_view name_of(HiddenUnit activation) noexcept {
    if (activation == HiddenUnit::relu) return "relu";
    return activation == HiddenUnit::relu2 ? "relu2" : "silu";
}

std::string_view name_of(SynapseRouting routing) noexcept {
    switch (routing) {
        case SynapseRouting::none:
            return "none";
        case SynapseRouting::random:
            return "random_routing";
        case SynapseRouting::neuronio:
            return "neuronio_routing";
    }
    return "?";
}

HiddenUnit parse_activation(std::string_view name) {
    if (name == "relu") return HiddenUnit::relu;
    if (name == "relu2") return HiddenUnit::relu2;
    if (name == "silu") return HiddenUnit::silu;
    throw Error(ErrorKind::invalid,
                fmt::format("mlp_activation is '{}', expected relu, relu2 or silu", name));
}

SynapseRouting parse_routing(std::string_view name) {
    if (name == "none" || name.empty()) return SynapseRouting::none;
    if (name == "random_routing") return SynapseRouting::random;
    if (name == "neuronio_routing") return SynapseRouting::neuronio;
    throw Error(ErrorKind::invalid,
                fmt::format("input_to_synapse_routing is '{}', expected none, random_routing or "
                            "neuronio_routing",
                            name));
}

std::vector<NamedArray> expected_arrays(const ElmOptions& options) {
    std::vector<NamedArray> arrays;
    const auto add = [&](std::string name, std::vector<std::int64_t> shape) {
        arrays.push_back({std::move(name), std::move(shape), {}, DType::f32});
    };
    const std::int64_t n_synapses = options.synapses(), n_memory = options.n_memory;
    add("_proto_w_s", {n_synapses});
    if (options.version == ElmVersion::v1) {
        add("tau_s", {n_synapses});
    } else {
        add("tau_b", {options.branches()});
    }
    add("_proto_tau_m", {n_memory});
    const std::int64_t routed = options.routing == SynapseRouting::none ? 0 : n_synapses;
    add("input_to_synapse_indices", {routed});
    add("valid_indices_mask", {routed});
    std::int64_t width = options.branches() + n_memory;
    for (std::int64_t layer = 0; layer <= options.mlp_layers; ++layer) {
        const std::int64_t out = layer == options.mlp_layers ? n_memory : options.hidden();
        const std::string name = fmt::format("mlp.network.{}", 2 * layer);
        add(name + ".weight", {out, width});
        add(name + ".bias", {out});
        width = out;
    }
    add("w_y.weight", {options.n_output, n_memory});
    add("w_y.bias", {options.n_output});
    return arrays;
}

const NamedArray& ElmModel::at(std::string_view name) const {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const NamedArray& array) { return array.name == name; });
    if (found == parameters.end()) {
        throw Error(ErrorKind::data, fmt::format("the model has no array {}", name));
    }
    return *found;
}

void ElmModel::check() const {
    options.check();
    if (const std::string differences = array_differences(expected_arrays(options), parameters);
        !differences.empty()) {
        throw Error(ErrorKind::data, "the arrays do not fit the options: " + differences);
    }
    for (const NamedArray& array : parameters) {
        const bool may_be_infinite = array.name == "_proto_tau_m";
        for (const double value : array.values) {
            if (std::isnan(value) || (std::isinf(value) && !may_be_infinite)) {
                throw Error(ErrorKind::data,
                            fmt::format("{} holds a value that is not finite", array.name));
            }
        }
    }
    if (options.routing != SynapseRouting::none) {
        for (const double index : at("input_to_synapse_indices").values) {
            if (index < 0 || index >= static_cast<double>(options.n_input)) {
                throw Error(ErrorKind::data,
                            fmt::format("input_to_synapse_indices holds {}, expected 0 to {}",
                                        index, options.n_input - 1));
            }
        }
    }
}

std::int64_t ElmModel::parameter_count() const {
    std::int64_t count = 0;
    for (const NamedArray& array : parameters) {
        if (is_trainable(options, array.name))
            count += static_cast<std::int64_t>(array.values.size());
    }
    return count;
}

bool is_trainable(const ElmOptions& options, std::string_view name) {
    return name == "_proto_w_s" || name.starts_with("mlp.") || name.starts_with("w_y.") ||
           (name == "_proto_tau_m" && options.learn_memory_tau);
}

std::vector<std::int64_t> make_routing(const ElmOptions& options, std::uint64_t seed) {
    std::vector<std::int64_t> input_of(static_cast<std::size_t>(options.synapses()));
    if (options.routing == SynapseRouting::none) {
        for (std::size_t synapse = 0; synapse < input_of.size(); ++synapse) {
            input_of[synapse] = static_cast<std::int64_t>(synapse);
        }
        return input_of;
    }
    if (options.routing == SynapseRouting::random) {
        std::mt19937_64 generator(seed);
        for (std::int64_t& input : input_of) {
            input = static_cast<std::int64_t>(generator() %
                                              static_cast<std::uint64_t>(options.n_input));
        }
        return input_of;
    }
    const std::int64_t half = options.n_input / 2;
    const std::int64_t stride = (options.n_input + options.branches() - 1) / options.branches();
    std::size_t synapse = 0;
    for (std::int64_t branch = 0; branch < options.branches(); ++branch) {
        for (std::int64_t k = 0; k < options.n_synapse_per_branch; ++k, ++synapse) {
            const std::int64_t entry = branch * stride + k;
            const bool valid = entry < options.n_input;
            input_of[synapse] = !valid ? -1 : entry % 2 == 0 ? entry / 2 : half + entry / 2;
        }
    }
    return input_of;
}

}  // namespace elm
