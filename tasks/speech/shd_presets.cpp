#include "tasks/speech/shd_presets.h"

#include <fmt/format.h>

namespace elm {
namespace {

constexpr const char* recipe = R"([{0}]
bin_ms = {1:.1f}
{2}[training]
batch = 8
budget = "{3}u"
optimizer = "adamax"
learning_rate = 5e-3
schedule = "cosine"
weight_decay = 0.0
)";

/// Of the program of 2026.
constexpr const char* network_samples = R"(split_seed = 12345
counts = false
)";

constexpr const char* elm_neuron = R"([front_end]
input_dropout = 0.5
[elm]
elm_version = 1
num_memory = 100
mlp_num_layers = 1
mlp_hidden_size = 200
mlp_activation = "relu"
lambda_value = 5.0
memory_tau_min = 1.0
memory_tau_max = 500.0
learn_memory_tau = true
)";

constexpr const char* branches = R"(num_branch = 100
num_synapse_per_branch = 15
input_to_synapse_routing = "random_routing"
)";

constexpr const char* lstm = R"([front_end]
input_dropout = 0.5
[lstm]
units = 250
)";

constexpr const char* network = R"(warmup_steps = 400
clip_norm = 1.0
label_smoothing = 0.01
[elm_network]
neurons = 57
num_memory = 9
output_memory = 3
branches = 30
synapses_per_branch = 10
recurrent_share = 0.25
memory_tau_min = 1.0
memory_tau_max = 500.0
lambda_value = 5.0
high_pass_tau = 5.0
input_scale = 10.0
input_dropout = 0.2
recurrent_dropout = 0.2
update_penalty = 0.002
activity_penalty = 0.2
)";

}  // namespace

std::vector<Preset> shd_presets(const std::string& task, std::int64_t updates) {
    const std::string paper = fmt::format(recipe, task, 10.0, "", updates);
    return {{.name = "paper",
             .summary = "ELM neuron of 100 memory units (Spieler et al. 2024, table S12)",
             .toml = paper + elm_neuron},
            {.name = "paper-branch",
             .summary = "the same with 100 branches of 15 synapses",
             .toml = paper + elm_neuron + branches},
            {.name = "paper-lstm",
             .summary = "LSTM of 250 units (Spieler et al. 2024, table S12)",
             .toml = paper + lstm},
            {.name = "network",
             .summary = "ELM Network of 77,000 parameters at bins of 2 ms (Spieler et al. 2026)",
             .toml = fmt::format(recipe, task, 2.0, network_samples, updates) + network}};
}

}  // namespace elm
