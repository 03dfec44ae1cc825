// A leaky integrator written as an ELM neuron (version 2), by hand.
//
// Between spikes, with b_t the synaptic current after the spikes of step t,
//   V_{t+1} - E = k_m (V_t - E) + g b_t,   g = tau_syn / (tau_syn - tau_m) (k_s - k_m),
//   k_x = exp(-Dt / tau_x),
// is exact and linear in b_t. The ELM gives m_{t+1} = k_m m_t + (1 - k_lambda) phi(MLP), with
// phi(x) = 1.7159 tanh(2x/3) = gain x (1 - 4 x^2 / 27 + ...). A pair of ReLU units passes
// x = relu(scale b) - relu(-scale b) = scale b, so small that the cubic term does not count, and
// the readout scales back.

#include "neuron/elm/leaky_integrator.h"

#include <cmath>

#include "neuron/elm/elm_builtin.h"

namespace elm {
namespace {

constexpr double phi_gain = 1.7159 * 2.0 / 3.0;  // slope of phi at 0: Spieler et al. 2024
constexpr double scale = 1e-5;                   // of b in mV: |x| < 0.002, cubic term < 6e-7
constexpr double voltage_bias = -67.7;           // mV; NeuronIO fits read 10 y + bias
constexpr double voltage_scale = 10.0;           // mV

ElmModel make_leaky_integrator(double time_step_ms) {
    const LeakyIntegrator cell;
    ElmModel model;
    ElmOptions& options = model.options;
    options.version = ElmVersion::v2;
    options.n_input = cell.n_input;
    options.n_output = 2;
    options.n_memory = 1;
    options.n_branch = 1;
    options.n_synapse_per_branch = cell.n_input;
    options.routing = SynapseRouting::neuronio;
    options.mlp_layers = 1;
    options.mlp_hidden = 2;
    options.activation = HiddenUnit::relu;
    options.lambda = 1.0;
    options.synapse_tau_ms = cell.tau_syn;
    options.time_step_ms = time_step_ms;
    model.source = "built-in";

    const auto input_of = make_routing(options, 0);
    std::vector<double> weights, indices, mask;
    for (const std::int64_t input : input_of) {
        const bool excitatory = input < cell.n_input / 2;
        weights.push_back(excitatory ? cell.excitatory_weight : cell.inhibitory_weight);
        indices.push_back(static_cast<double>(input));
        mask.push_back(1);
    }
    const double memory_decay = std::exp(-time_step_ms / cell.tau_m);
    const double synapse_decay = std::exp(-time_step_ms / cell.tau_syn);
    const double exact_gain =
        cell.tau_syn / (cell.tau_syn - cell.tau_m) * (synapse_decay - memory_decay);
    const double millivolt_per_memory = exact_gain / (phi_gain * scale * (1 - memory_decay));
    const double proto_tau_m = std::log((cell.tau_m - options.memory_tau_min_ms) /
                                        (options.memory_tau_max_ms - cell.tau_m));

    const auto set = [&](const char* name, const std::vector<double>& values) {
        for (NamedArray& array : model.parameters) {
            if (array.name == name) array.values = values;
        }
    };
    model.parameters = expected_arrays(options);
    for (NamedArray& array : model.parameters) array.stored = DType::f64;
    set("_proto_w_s", weights);
    set("tau_b", {cell.tau_syn});
    set("_proto_tau_m", {proto_tau_m});
    set("input_to_synapse_indices", indices);
    set("valid_indices_mask", mask);
    set("mlp.network.0.weight", {scale, 0, -scale, 0});
    set("mlp.network.0.bias", {0, 0});
    set("mlp.network.2.weight", {1, -1});
    set("mlp.network.2.bias", {0});
    set("w_y.weight",
        {cell.spike_logit_per_mV * millivolt_per_memory, millivolt_per_memory / voltage_scale});
    set("w_y.bias", {cell.spike_logit_per_mV * (cell.resting_potential - cell.threshold),
                     (cell.resting_potential - voltage_bias) / voltage_scale});
    return model;
}

}  // namespace

BuiltinModel leaky_integrator_model() {
    return {"leaky-integrator",
            "a leaky membrane with 50 excitatory and 50 inhibitory synapses, exact below threshold",
            make_leaky_integrator};
}

ExactLeakyIntegrator::ExactLeakyIntegrator(const LeakyIntegrator& cell, double time_step_ms)
    : cell_(cell), time_step_ms_(time_step_ms) {}

std::vector<double> ExactLeakyIntegrator::advance(const SpikeTrain& spikes) {
    std::vector<double> potential;
    potential.reserve(static_cast<std::size_t>(spikes.n_steps));
    const double share = cell_.tau_syn / (cell_.tau_m - cell_.tau_syn);
    for (std::int64_t step = 0; step < spikes.n_steps; ++step) {
        double jump = 0;
        for (const std::int32_t unit : spikes.row(0, step)) {
            jump += unit < cell_.n_input / 2 ? cell_.excitatory_weight : -cell_.inhibitory_weight;
        }
        slow_ = (slow_ + jump) * std::exp(-time_step_ms_ / cell_.tau_m);
        fast_ = (fast_ + jump) * std::exp(-time_step_ms_ / cell_.tau_syn);
        potential.push_back(cell_.resting_potential + share * (slow_ - fast_));
    }
    return potential;
}

}  // namespace elm
