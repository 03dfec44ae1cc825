#include "tests/baselines/model_case.h"

namespace elm::test {

std::vector<ModelCase> model_cases() {
    return {
        // Synapses; two layers on branches and memory: hidden (branches + memory + 1), memory
        // (hidden + 1); readout: outputs (memory + 1).
        {"elm", "elm", {{"num_memory", "4"}, {"tau_b_value", "3"}}, 6 + 8 * 11 + 4 * 9 + 2 * 5},
        {"elm_branches_first_version",
         "elm",
         {{"elm_version", "1"},
          {"num_memory", "3"},
          {"num_branch", "2"},
          {"num_synapse_per_branch", "5"},
          {"input_to_synapse_routing", "random_routing"},
          {"mlp_hidden_size", "5"},
          {"mlp_activation", "silu"},
          {"learn_memory_tau", "true"}},
         10 + 3 + 5 * 6 + 3 * 6 + 2 * 4},
        // One layer: 4 units (inputs + units + 2); readout: 2 (units + 1).
        {"lstm", "lstm", {{"units", "5"}}, 20 * (6 + 5 + 2) + 2 * 6},
        {"lstm_two_layers",
         "lstm",
         {{"units", "3"}, {"layers", "2"}},
         12 * (6 + 3 + 2) + 12 * (3 + 3 + 2) + 2 * 4},
        // First layer: inputs taps width + width; others: width width taps + width; norms: 2 width.
        {"tcn",
         "tcn",
         {{"depth", "3"}, {"width", "4"}, {"first_taps", "3"}, {"taps", "2"}},
         6 * 3 * 4 + 4 + 2 * (4 * 4 * 2 + 4) + 3 * 8 + 2 * 5},
        {"tcn_one_tap_one_layer",
         "tcn",
         {{"depth", "1"}, {"width", "3"}, {"first_taps", "1"}},
         6 * 3 + 3 + 6 + 2 * 4},
        // Synapses: currents (inputs + 1), and their decays; a decay of the membrane; ALIF: decay
        // and strength of the adaptation; readout: outputs (3 neurons + 1).
        {"lif", "lif", {}, 4 * (6 + 1) + 4 + 1 + 2 * (3 + 1), true},
        {"lif_neurons",
         "lif",
         {{"neurons", "3"}, {"currents", "1"}, {"refractory_steps", "0"}},
         3 * (6 + 1) + 3 + 3 + 2 * (9 + 1),
         true},
        {"alif",
         "alif",
         {{"neurons", "2"}, {"currents", "2"}, {"refractory_steps", "1"}},
         4 * (6 + 1) + 4 + 2 + 2 + 2 + 2 * (6 + 1),
         true},
    };
}

}  // namespace elm::test
