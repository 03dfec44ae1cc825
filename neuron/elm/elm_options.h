#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/ops/elm/scan.h"

namespace elm {

enum class ElmVersion { v1 = 1, v2 = 2 };
enum class SynapseRouting { none, random, neuronio };

/// Hyper-parameters of an ELM neuron, with the symbols of Spieler et al. 2024 (arXiv 2306.16922).
struct ElmOptions {
    ElmVersion version = ElmVersion::v2;
    std::int64_t n_input = 1;               // d_in
    std::int64_t n_output = 1;              // d_out
    std::int64_t n_memory = 10;             // d_m
    std::int64_t n_branch = 0;              // d_b; 0: as many as inputs (the plain neuron)
    std::int64_t n_synapse_per_branch = 1;  // n_s
    SynapseRouting routing = SynapseRouting::none;
    std::int64_t mlp_layers = 1;  // hidden layers; 0: one linear map
    std::int64_t mlp_hidden = 0;  // h; 0: 2 d_m
    HiddenUnit activation = HiddenUnit::relu;
    double lambda = 5.0;
    double first_synaptic_weight = 0.5;  // w_s before training
    double synapse_tau_ms = 5.0;         // tau_s (v1), tau_b (v2); start value
    double memory_tau_min_ms = 1.0;
    double memory_tau_max_ms = 150.0;
    bool learn_memory_tau = false;
    double time_step_ms = 1.0;  // Delta t

    std::int64_t branches() const noexcept { return n_branch == 0 ? n_input : n_branch; }
    std::int64_t synapses() const noexcept { return branches() * n_synapse_per_branch; }
    std::int64_t hidden() const noexcept { return mlp_hidden == 0 ? 2 * n_memory : mlp_hidden; }

    /// Throws Error{invalid} for the first option that cannot be.
    void check() const;
};

std::string_view name_of(HiddenUnit activation) noexcept;
std::string_view name_of(SynapseRouting routing) noexcept;  // "none", "random_routing", ...
HiddenUnit parse_activation(std::string_view name);
SynapseRouting parse_routing(std::string_view name);

}  // namespace elm
