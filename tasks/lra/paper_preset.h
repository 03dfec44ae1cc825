#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/task_registry.h"

namespace elm {

/// What the published recipe of a task differs in.
struct PaperRecipe {
    std::string task;  // the section of the task with its options, as TOML
    std::int64_t batch, updates;
    double synapse_tau, longest_memory_tau;  // steps
    std::int64_t dropout_updates = 0;        // with dropout; 0: as many as without
};

/// The preset "paper": an ELM neuron of 150 memory units without branches; and "paper-dropout",
/// where a fifth of the input channels is dropped. What the published dropout acts on is not said;
/// here that of the inputs, for whole sequences. Source: Spieler et al. 2024, arXiv 2306.16922,
/// tables S1, S2 and S7.
///
/// Where they differ from the publication: its readouts have 3 d_m weights for each class, as all
/// its tables count, and d_m in the public program and here; its neurons without branches do not
/// learn their synaptic weights, ours do (one an input). So Path-X has 93,310 parameters for
/// 93,902. Text and Retrieval are bytes, 257 kinds, where it has 169 and 105 kinds of characters
/// (`vocabulary = "characters"` is nearer); of Retrieval its towers have 75 latent units. ListOps
/// has 15 kinds of token for 25. How texts are padded it does not say.
std::vector<Preset> paper_presets(const PaperRecipe& recipe);

}  // namespace elm
