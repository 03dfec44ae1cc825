#include "tasks/lra/paper_preset.h"

#include <fmt/format.h>

namespace elm {

namespace {

Preset paper_preset(const PaperRecipe& recipe) {
    return {.name = "paper",
            .summary = "ELM neuron of 150 memory units (Spieler et al. 2024, tables S1 and S2)",
            .toml = fmt::format(R"({}
[training]
batch = {}
budget = "{}u"
optimizer = "adam"
learning_rate = 2e-4
schedule = "cosine"
weight_decay = 0.0
[elm]
elm_version = 1
num_memory = 150
mlp_num_layers = 1
mlp_hidden_size = 300
lambda_value = 5.0
tau_s_value = {:.1f}
memory_tau_min = 1.0
memory_tau_max = {:.1f}
learn_memory_tau = true
)",
                                recipe.task, recipe.batch, recipe.updates, recipe.synapse_tau,
                                recipe.longest_memory_tau)};
}

}  // namespace

std::vector<Preset> paper_presets(const PaperRecipe& recipe) {
    PaperRecipe longer = recipe;
    if (recipe.dropout_updates > 0) longer.updates = recipe.dropout_updates;
    Preset dropout = paper_preset(longer);
    dropout.name = "paper-dropout";
    dropout.summary = "the same with input dropout of 0.2 (table S7)";
    dropout.toml += "[front_end]\ninput_dropout = 0.2\n";
    return {paper_preset(recipe), dropout};
}

}  // namespace elm
