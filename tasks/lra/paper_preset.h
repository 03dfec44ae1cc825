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
std::vector<Preset> paper_presets(const PaperRecipe& recipe);

}  // namespace elm
