#include "tasks/comparison/grid.h"

#include <fmt/format.h>

#include "tasks/comparison/search.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

constexpr std::uint64_t trial_seed_distance = 1'000'000;  // from the first seed that is compared

void put(const Config& chosen, const std::string& model, PlanOptions& plan) {
    for (const auto& [section, values] : chosen.sections) {
        if (section == "training") {
            set_options(plan.recipe, values);
            continue;
        }
        for (const auto& [name, value] : values) plan.model_options[model][name] = value;
    }
}

GridCell cell_of(const ComparisonOptions& options, const std::string& model, std::uint64_t seed,
                 const std::string& name, const std::string& folder, const Config& chosen) {
    GridCell cell{name, model, options.plan};
    cell.plan.models = {model};
    cell.plan.seed = seed;
    cell.plan.n_seeds = 1;
    cell.plan.out = fmt::format("{}/{}", folder, name);
    put(chosen, model, cell.plan);
    options.describe(cell.plan);
    return cell;
}

/// Drawn values of trial `index`; the first one has none.
Config values_of(const ComparisonOptions& options, const std::string& model, std::int64_t index) {
    if (index == 0) return {};
    return candidate(model, searched_options(model, options.plan.recipe), index,
                     RandomKey{options.plan.seed});
}

}  // namespace

std::vector<GridCell> grid_of(const ComparisonOptions& options, const Chosen& chosen) {
    std::vector<GridCell> cells;
    for (std::int64_t k = 0; k < options.plan.n_seeds; ++k) {
        const std::uint64_t seed = options.plan.seed + static_cast<std::uint64_t>(k);
        for (const std::string& model : options.plan.models) {
            const auto found = chosen.find(model);
            cells.push_back(cell_of(options, model, seed, fmt::format("{}-seed{}", model, seed),
                                    options.plan.out,
                                    found == chosen.end() ? Config{} : found->second));
        }
    }
    return cells;
}

std::vector<GridCell> trials_of(const ComparisonOptions& options, const std::string& model) {
    std::vector<GridCell> trials;
    for (std::int64_t k = 0; k < options.trials; ++k) {
        trials.push_back(cell_of(options, model, options.plan.seed + trial_seed_distance,
                                 fmt::format("{}-trial{}", model, k), options.plan.out + "/search",
                                 values_of(options, model, k)));
    }
    return trials;
}

Config best_trial(const TaskSpec& task, const std::vector<GridCell>& trials,
                  const std::vector<CellResult>& results) {
    const double sign = task.metrics.front().higher_is_better ? -1 : 1;
    const CellResult* best = nullptr;
    std::size_t at = 0;
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (!results[k].done()) continue;
        const double cost = sign * results[k].validation.front();
        if (best != nullptr && cost >= sign * best->validation.front()) continue;
        best = &results[k];
        at = k;
    }
    if (best == nullptr || at == 0) return {};
    // What a trial drew stands in its recipe and in the options of its model.
    const PlanOptions& plan = trials[at].plan;
    Config chosen;
    for (const SearchedOption& option : searched_options(trials[at].model, plan.recipe)) {
        chosen.sections[option.section][option.name] =
            option.section == "training" ? parse_value(plan.recipe.text(option.name))
                                         : plan.model_options.at(trials[at].model).at(option.name);
    }
    return chosen;
}

bool is_own(const ComparisonOptions& options, std::size_t index, int rank, int size) {
    const auto all = static_cast<std::size_t>(options.shares) * static_cast<std::size_t>(size);
    return index % all == static_cast<std::size_t>(options.share) * static_cast<std::size_t>(size) +
                              static_cast<std::size_t>(rank);
}

}  // namespace elm
