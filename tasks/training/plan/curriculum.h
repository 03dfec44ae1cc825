#pragma once

#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "tasks/training/budget.h"

/// A training in stages, each of which begins with the best model of the one before. The section
/// [curriculum] has an entry for each option that changes, a value for each stage:
///
///   [curriculum]
///   "pathfinder.size" = ["32", "64", "128"]
///   "elm.memory_tau_max" = ["1000", "4000", "16000"]
///   budget_share = ["2", "1", "1"]               of the budget of the whole; equal where not given
namespace elm {

inline constexpr const char* curriculum_section = "curriculum";

/// A stage of a curriculum.
struct Stage {
    Config options;           // that differ from those of the whole
    double budget_share = 1;  // of all stages together 1
    std::string name = {};    // "pathfinder.size=32, elm.memory_tau_max=1000"
};

/// The stages of a section; of an empty one, one stage of nothing. Throws Error{invalid} for names
/// that are none, lists of different lengths and shares that cannot be.
std::vector<Stage> stages_of(const Values& section);

/// This share of a budget, in the form that parse_budget reads.
std::string share_of(const Budget& budget, double share);

}  // namespace elm
