#include "tasks/comparison/comparison.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/comparison/comparison_folder.h"
#include "tasks/comparison/grid_run.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

bool is_through(const GridCell& cell) {
    std::error_code missing;
    return fs::exists(result_path(cell.plan.out), missing);
}

bool holds_something(const std::string& folder) {
    std::error_code missing;
    return fs::exists(folder, missing) &&
           !(fs::is_directory(folder, missing) && fs::is_empty(folder, missing));
}

/// Of what is begun anew: a curriculum's folders would be taken for those of this one.
void remove_stages(const std::string& folder) {
    std::error_code failure;
    for (std::int64_t k = 1;; ++k) {
        const std::string stage = fmt::format("{}/stage-{}", folder, k);
        if (!fs::is_directory(stage, failure) || fs::remove_all(stage, failure) == 0) return;
    }
}

}  // namespace

Comparison::Comparison(Stream& stream, const Task& task, ComparisonOptions options)
    : stream_(stream), task_(task), options_(std::move(options)) {
    const std::vector<std::string>& models = options_.plan.models;
    ELM_CHECK(!models.empty(), "a comparison of no models");
    for (auto at = models.begin(); at != models.end(); ++at) {
        ELM_CHECK(std::find(models.begin(), at, *at) == at, "the model {} is given twice.", *at);
    }
    ELM_CHECK(options_.plan.n_seeds >= 1 && options_.plan.n_seeds <= 10000,
              "a comparison of {} seeds: expected 1 to 10000.", options_.plan.n_seeds);
    ELM_CHECK(options_.trials >= 0 && options_.trials <= 10000,
              "a search of {} trials: expected 0 to 10000.", options_.trials);
    ELM_CHECK(options_.shares >= 1 && options_.share >= 0 && options_.share < options_.shares,
              "share {} of {}: expected 1 to the number of shares.", options_.share + 1,
              options_.shares);
}

void Comparison::require_free() const {
    if (options_.plan.resume || options_.plan.force) return;
    const auto require = [](const std::string& folder) {
        if (holds_something(folder)) {
            throw Error(ErrorKind::exists, fmt::format("{} exists.", folder));
        }
    };
    if (options_.shares == 1) {
        require(options_.plan.out);
        return;
    }
    // Other shares may be at work in the same folder.
    require_own_folder(options_.plan.out, comparison_description(task_, options_));
    for (const std::vector<GridCell>& cells : {all_trials(), grid_of(options_, {})}) {
        for (std::size_t k = 0; k < cells.size(); ++k) {
            if (is_own(options_, k, 0, 1)) require(cells[k].plan.out);
        }
    }
}

std::vector<GridCell> Comparison::all_trials() const {
    std::vector<GridCell> trials;
    for (const std::string& model : options_.plan.models) {
        for (GridCell& trial : trials_of(options_, model)) trials.push_back(std::move(trial));
    }
    return trials;
}

void Comparison::run_one(const GridCell& cell, const std::function<void()>& poll) const {
    GridCell own = cell;
    std::error_code missing;
    if (is_through(cell)) {
        if (!own.plan.force) {
            finished_cell(stream_, task_, own.plan, options_.curriculum);
            log::info("{} is through", cell.name);
            return;
        }
        fs::remove(result_path(cell.plan.out), missing);
    }
    own.plan.resume = options_.plan.resume && has_checkpoint(own.plan.out);
    // What a cell left that was cut before its first checkpoint is of no use.
    if (options_.plan.resume && !own.plan.resume) own.plan.force = true;
    if (own.plan.force) remove_stages(own.plan.out);
    log::info("{}", cell.name);
    const CellResult result = run_cell_of_grid(stream_, task_, own.plan, options_.curriculum, poll);
    if (!result.done()) return;
    const TaskSpec& spec = task_.spec();
    log::info("{}: {} {:.{}f} on {} samples", cell.name, spec.metrics[spec.headline].label,
              result.scores[spec.headline], spec.metrics[spec.headline].digits,
              elm::name_of(scored_split(spec)));
}

void Comparison::run_own(const std::vector<GridCell>& cells, Communicator& processes,
                         const std::function<void()>& poll) {
    for (std::size_t k = 0; k < cells.size(); ++k) {
        if (!is_own(options_, k, processes.rank(), processes.size())) continue;
        const bool waits =
            std::find(waiting_.begin(), waiting_.end(), cells[k].model) != waiting_.end();
        if (!waits) run_one(cells[k], poll);
        poll();
    }
    processes.barrier();
}

void Comparison::choose() {
    waiting_.clear();
    for (const std::string& model : options_.plan.models) {
        const std::vector<GridCell> trials = trials_of(options_, model);
        if (!std::all_of(trials.begin(), trials.end(), is_through)) {
            waiting_.push_back(model);
            continue;
        }
        std::vector<CellResult> results;
        for (const GridCell& trial : trials) {
            results.push_back(finished_cell(stream_, task_, trial.plan, options_.curriculum));
        }
        if (trials.empty()) continue;
        const Config best = best_trial(task_.spec(), trials, results);
        chosen_[model] = best;
        log::info("{}: {}", model,
                  best.sections.empty() ? "no trial is better than the recipe as it stands"
                                        : best.to_toml());
    }
}

void Comparison::run(Communicator& processes, const std::function<void()>& poll) {
    if (processes.leads()) {
        claim_folder(options_.plan.out, comparison_description(task_, options_), options_.share,
                     options_.plan.force || (options_.plan.resume && options_.shares == 1));
    }
    processes.barrier();  // nobody leaves a cell before that
    if (options_.trials > 0) run_own(all_trials(), processes, poll);
    choose();
    run_own(grid_of(options_, chosen_), processes, poll);
    // Only the files of this call are new: what is through now stays.
    options_.plan.force = false;
}

std::vector<std::string> Comparison::missing() const {
    std::vector<std::string> names;
    const std::vector<GridCell> trials = all_trials();
    for (const GridCell& trial : trials) {
        if (!is_through(trial)) names.push_back(trial.name);
    }
    for (const GridCell& cell : grid_of(options_, chosen_)) {
        if (!is_through(cell)) names.push_back(cell.name);
    }
    return names;
}

std::vector<CellResult> Comparison::results() const {
    std::vector<CellResult> results;
    for (const GridCell& cell : grid_of(options_, chosen_)) {
        results.push_back(finished_cell(stream_, task_, cell.plan, options_.curriculum));
    }
    return results;
}

}  // namespace elm
