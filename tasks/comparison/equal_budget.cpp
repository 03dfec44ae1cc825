#include "tasks/comparison/equal_budget.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

/// Room for any warm-up: what is asked here does not depend on the number of updates.
constexpr std::int64_t many_updates = 1'000'000'000;

constexpr double time_share = 0.25, time_seconds = 2;

double seconds_of_one_pass(Stream& stream, const Task& task, const PlanOptions& plan,
                           const PlannedRun& run) {
    Communicator alone;
    TrainingSettings settings = settings_of(plan.recipe, plan.precision, many_updates, run.seed);
    Training probe(stream, run.make(), settings, task, alone);
    const auto start = std::chrono::steady_clock::now();
    probe.measure_pass(1);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return passed.count();
}

/// Least and most of a figure, and whose they are.
template <class Figure>
std::pair<const CellResult*, const CellResult*> range_of(const std::vector<CellResult>& cells,
                                                         const Figure& figure) {
    const CellResult *least = nullptr, *most = nullptr;
    for (const CellResult& cell : cells) {
        if (!cell.done()) continue;
        if (least == nullptr || figure(cell) < figure(*least)) least = &cell;
        if (most == nullptr || figure(cell) > figure(*most)) most = &cell;
    }
    return {least, most};
}

std::string cell_name(const CellResult& cell) {
    return fmt::format("{}-seed{}", cell.model, cell.seed);
}

std::string in_words(double least, double most, const char* unit) {
    return least == most ? fmt::format("{:.4g} {}", least, unit)
                         : fmt::format("{:.3g} to {:.3g} {}", least, most, unit);
}

}  // namespace

std::vector<ModelCost> costs_of_models(Stream& stream, const Task& task,
                                       const ComparisonOptions& options) {
    PlanOptions one_seed = options.plan;
    one_seed.n_seeds = 1;
    const RunPlan plan(stream, task, one_seed);
    std::vector<ModelCost> costs;
    for (const PlannedRun& run : plan.runs()) {
        const FittedModel fitted = run.make();
        require_fitting(task.spec(), fitted.model->traits(), run.spec.model);
        const TrainingSettings settings =
            settings_of(one_seed.recipe, one_seed.precision, many_updates, run.seed);
        const auto samples = static_cast<double>(settings.samples_per_update());
        costs.push_back(
            {.model = run.spec.model,
             .update = {.samples = samples,
                        .flops = flops_per_sample(task.spec(), *fitted.model) * samples}});
    }
    if (parse_budget(one_seed.recipe.get<std::string>("budget")).unit != Budget::Unit::seconds)
        return costs;
    for (std::size_t k = 0; k < costs.size(); ++k) {
        costs[k].seconds = with_context("timing the model " + costs[k].model, [&] {
            return seconds_of_one_pass(stream, task, one_seed, plan.runs()[k]);
        });
    }
    return costs;
}

void require_affordable(const std::string& budget, const std::vector<ModelCost>& costs) {
    const auto [unit, amount] = parse_budget(budget);
    for (const auto& [model, update, seconds] : costs) {
        ELM_CHECK(unit != Budget::Unit::samples || update.samples <= amount,
                  "a budget of {} buys no update: one takes {} samples (training.batch times "
                  "training.accumulation_steps).",
                  budget, update.samples);
        ELM_CHECK(unit != Budget::Unit::flops || update.flops <= amount,
                  "a budget of {} buys {} no update: one takes {:.2g} floating-point operations. "
                  "Give more, or choose a smaller model or training.batch.",
                  budget, model, update.flops);
        ELM_CHECK(unit != Budget::Unit::seconds || seconds <= amount,
                  "a budget of {} buys {} no update: a pass over one sample takes {:.2g} s here. "
                  "Give more, or choose a smaller model.",
                  budget, model, seconds);
    }
}

std::string equal_budget(const Budget& budget, const std::vector<CellResult>& cells) {
    const auto updates = [](const CellResult& cell) { return static_cast<double>(cell.updates); };
    const auto samples = [](const CellResult& cell) { return static_cast<double>(cell.samples); };
    const auto flops = [](const CellResult& cell) { return cell.flops; };
    const auto seconds = [](const CellResult& cell) {
        return cell.training_seconds + cell.validation_seconds;
    };
    std::string text;
    const auto check = [&](const auto& figure, const char* unit, bool counts, const auto& allowed) {
        const auto [least, most] = range_of(cells, figure);
        if (least == nullptr) return;
        const double low = figure(*least), high = figure(*most);
        ELM_CHECK(!counts || high - low <= allowed(*least, *most),
                  "{} got {:.6g} {} and {} {:.6g}: that is no comparison under one budget. Compare "
                  "in a new folder.",
                  cell_name(*least), low, unit, cell_name(*most), high);
        text += (text.empty() ? "" : ", ") + in_words(low, high, unit);
    };
    const auto exactly = [](const CellResult&, const CellResult&) { return 0.0; };
    const bool counted =
        budget.unit == Budget::Unit::updates || budget.unit == Budget::Unit::samples;
    check(updates, "updates", counted, exactly);
    check(samples, "samples", counted, exactly);
    check(flops, "FLOP", budget.unit == Budget::Unit::flops,
          [](const CellResult& a, const CellResult& b) {
              return std::max(a.flops_per_update, b.flops_per_update);
          });
    check(seconds, "s", budget.unit == Budget::Unit::seconds,
          [&](const CellResult&, const CellResult& most) {
              return std::max(time_share * seconds(most), time_seconds);
          });
    return text;
}

}  // namespace elm
