#include "tasks/program/compare/benchmark_program.h"

#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "baselines/model_file.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/comparison/comparison.h"
#include "tasks/comparison/equal_budget.h"
#include "tasks/program/arguments.h"
#include "tasks/program/compare/benchmark_options.h"
#include "tasks/program/compare/compare_tasks.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/run_context.h"
#include "tasks/program/training/training_options.h"

namespace elm {

/// A task of the benchmark with what it was made from.
struct BenchmarkCellTask {
    const TaskEntry& entry;
    OptionSet options;
    std::unique_ptr<Task> task;

    const BenchmarkTask& benchmark() const { return dynamic_cast<const BenchmarkTask&>(*task); }
};

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr const char* language_task = "lm-syn";

/// `changed`: options besides those of the cell and of the section of the task.
BenchmarkCellTask open(const Arguments& arguments, const BenchmarkCell& cell,
                       const Values& changed = {}) {
    const TaskEntry& entry = find_task(cell.task);
    OptionSet options = options_of(entry.options(), entry.name, arguments, {});
    with_flag("--tier", [&] { options.set("tier", arguments.text("tier")); });
    for (const Values& values : {cell.task_options, changed}) {
        for (const auto& [name, value] : values) options.set(name, to_text(value));
    }
    auto task = entry.make(options, {});
    return {entry, std::move(options), std::move(task)};
}

}  // namespace

BenchmarkProgram::BenchmarkProgram(const Arguments& arguments, RunContext& context,
                                   std::string folder)
    : arguments_(arguments), context_(context), folder_(std::move(folder)) {
    std::vector<std::string> names = arguments.all_items("models");
    if (names.empty()) {
        for (const MixerChoice& choice : benchmark_mixers()) names.push_back(choice.name);
    }
    for (const std::string& name : names) {
        mixers_.push_back(with_flag("--models", [&] { return find_choice(name); }));
    }
}

void BenchmarkProgram::require_seats() const {
    for (const MixerChoice& choice : mixers_) {
        std::string why;
        bool sits = false;
        for (const BenchmarkCell& cell : benchmark_cells()) {
            const SeatedModel seated = seated_in(cell, open(arguments_, cell), choice);
            sits = sits || seated.unsupported.empty();
            if (!seated.unsupported.empty()) {
                why += fmt::format("\n  {}: {}", cell.name(), seated.unsupported);
            }
        }
        ELM_CHECK(sits, "--models {}: it has none of the patterns:{}", choice.name, why);
    }
}

std::vector<BenchmarkRun> BenchmarkProgram::run() {
    for (const BenchmarkCell& cell : benchmark_cells()) run_cell(cell);
    return std::move(runs_);
}

SeatedModel BenchmarkProgram::seated_in(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                                        const MixerChoice& choice) const {
    return seat(cell, choice, given_options(arguments_, cell, choice), open.task->spec().shape,
                open.task->suited_options());
}

void BenchmarkProgram::run_cell(const BenchmarkCell& cell) {
    const BenchmarkCellTask open = elm::open(arguments_, cell);
    log::info("{}: {}", cell.name(), open.task->summary());
    for (const MixerChoice& choice : mixers_) {
        const SeatedModel seated = seated_in(cell, open, choice);
        if (!seated.unsupported.empty()) {
            left_out_.add({choice.name, cell.pattern, cell.task, seated.unsupported});
            continue;
        }
        train(cell, open, choice, seated);
    }
    add_rules(cell, open);
    if (results_.empty()) return;
    log::info("{}: each got {}", cell.name(),
              equal_budget(parse_budget(arguments_.text("budget")), results_));
    results_.clear();
}

void BenchmarkProgram::train(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                             const MixerChoice& choice, const SeatedModel& seated) {
    ComparisonOptions options;
    options.plan = plan_options(arguments_, context_, {}, {seated.model},
                                fmt::format("{}/{}/{}", folder_, cell.name(), choice.name));
    options.plan.model_options[seated.model] = seated.options;
    options.trials = arguments_.integer("tune");
    options.describe = [&](PlanOptions& plan) {
        describe_cell(arguments_, open.entry, open.options, plan);
    };
    Comparison comparison(context_.stream(), *open.task, std::move(options));
    comparison.require_free();
    require_possible(context_.stream(), *open.task, comparison.options());
    log::info("{} {}", cell.name(), choice.name);
    Communicator alone;
    comparison.run(alone, throw_if_interrupted);
    const std::vector<GridCell> grid = grid_of(comparison.options(), comparison.chosen());
    const std::vector<CellResult> results = comparison.results();
    for (std::size_t k = 0; k < results.size(); ++k) {
        add_result(cell, open, choice, results[k]);
        results_.push_back(results[k]);
        if (cell.task == language_task && results[k].done()) {
            add_other_lengths(cell, open, choice, results[k], grid[k].plan.out);
        }
    }
}

BenchmarkRun BenchmarkProgram::row(const BenchmarkCell& cell, const MixerChoice& choice,
                                   const CellResult& result) const {
    return {
        .pattern = cell.pattern,
        .task = cell.task,
        .role = choice.is_control ? BenchmarkRun::control_role : std::string(name_of(cell.seat)),
        .mixer = choice.name,
        .tier = arguments_.text("tier"),
        .seed = result.seed,
        .params = result.parameters,
        .extra_params_pct = none,
        .train_flops = result.flops,
        .metric = {}};
}

void BenchmarkProgram::add_result(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                                  const MixerChoice& choice, const CellResult& result) {
    const std::vector<Metric>& metrics = open.task->spec().metrics;
    for (std::size_t k = 0; k < metrics.size(); ++k) {
        BenchmarkRun run = row(cell, choice, result);
        run.metric = metrics[k].name;
        run.value = result.done() ? result.scores[k] : none;
        runs_.push_back(std::move(run));
    }
}

/// Perplexity at a thirty-second of the length up to twice as much.
void BenchmarkProgram::add_other_lengths(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                                         const MixerChoice& choice, const CellResult& result,
                                         const std::string& folder) {
    constexpr std::int64_t fewest = 8;
    const std::int64_t trained = open.task->spec().n_steps;
    std::vector<std::int64_t> lengths;
    for (std::int64_t part = 32; part >= 1; part /= 2) lengths.push_back(trained / part);
    lengths.push_back(trained + trained / 2);
    lengths.push_back(2 * trained);
    const FittedModel model =
        load_model(context_.stream(), RunFiles(folder).model(), context_.precision());
    for (const std::int64_t length : lengths) {
        if (length < fewest) continue;
        const BenchmarkCellTask other = elm::open(arguments_, cell, {{"steps", length}});
        BenchmarkRun run = row(cell, choice, result);
        run.metric = fmt::format("ppl@{}", length);
        try {
            run.value = other.task->score(context_.stream(), model, Split::test, 0).values.front();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::invalid) throw;
            log::warn("{} at {} tokens: {}", choice.name, length, error.message());
            run.value = none;
        }
        runs_.push_back(std::move(run));
    }
}

void BenchmarkProgram::add_rules(const BenchmarkCell& cell, const BenchmarkCellTask& open) {
    const std::vector<Metric>& metrics = open.task->spec().metrics;
    for (const BenchmarkTask::Rule& rule : open.benchmark().rules(Split::test)) {
        for (std::size_t k = 0; k < metrics.size(); ++k) {
            runs_.push_back({.pattern = cell.pattern,
                             .task = cell.task,
                             .role = BenchmarkRun::rule_role,
                             .mixer = rule.name,
                             .tier = arguments_.text("tier"),
                             .extra_params_pct = none,
                             .train_flops = none,
                             .metric = metrics[k].name,
                             .value = rule.values[k]});
        }
    }
}

}  // namespace elm
