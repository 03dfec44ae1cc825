#include "tasks/program/compare/compare_tasks.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/comparison/comparison.h"
#include "tasks/comparison/equal_budget.h"
#include "tasks/comparison/search.h"
#include "tasks/program/arguments.h"
#include "tasks/program/compare/compare_results.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/program/training/open_task.h"
#include "tasks/program/training/training_options.h"
#include "tasks/training/plan/stages.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

/// "3/16": the third of sixteen shares.
void read_share(const Arguments& arguments, ComparisonOptions& options) {
    if (!arguments.has("cells")) return;
    const std::string text = arguments.text("cells");
    const std::size_t slash = text.find('/');
    const Value share = parse_value(text.substr(0, slash));
    const Value shares = slash == std::string::npos ? Value{} : parse_value(text.substr(slash + 1));
    const auto* number = std::get_if<std::int64_t>(&share);
    const auto* count = std::get_if<std::int64_t>(&shares);
    ELM_CHECK(number != nullptr && count != nullptr && *number >= 1 && *number <= *count,
              "--cells {}: expected a share of the cells such as 3/16, from 1/16 to 16/16.", text);
    options.share = *number - 1;
    options.shares = *count;
}

/// Folder of one of several tasks, or of the only one.
std::string folder_of(const Arguments& arguments, const std::string& task, bool alone) {
    std::string folder = arguments.has("out") ? arguments.text("out") : "";
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    if (folder.empty()) return "compare-" + task;
    return alone ? folder : fmt::format("{}/{}", folder, task);
}

/// Throws Error{invalid} where stages set what a search draws.
void require_free_search(const ComparisonStages& curriculum, const PlanOptions& plan) {
    const auto& set = curriculum.stages.front().options.sections;
    for (const std::string& model : plan.models) {
        for (const SearchedOption& option : searched_options(model, plan.recipe)) {
            const auto found = set.find(option.section);
            ELM_CHECK(found == set.end() || !found->second.contains(option.name),
                      "--tune draws {}.{}, and the curriculum sets it in each of its stages: leave "
                      "one of the two out.",
                      option.section, option.name);
        }
    }
}

/// The curriculum of preset and arguments, with the tasks of its earlier stages.
ComparisonStages stages_of_cells(const TaskEntry& entry, const OptionSet& of_task,
                                 const Arguments& arguments, const Config& preset,
                                 const ComparisonOptions& options) {
    ComparisonStages curriculum{.section = curriculum_of(arguments, preset)};
    curriculum.stages = stages_of(curriculum.section);
    require_trained(curriculum.stages, entry.name, options.plan.models);
    if (arguments.has("data") && entry.samples) {
        with_flag("--data", [&] {
            require_same_samples(curriculum.stages, entry.name, entry.samples->options());
        });
    }
    if (options.trials > 0) require_free_search(curriculum, options.plan);
    for (std::size_t k = 0; k + 1 < curriculum.stages.size(); ++k) {
        OptionSet of_stage = options_in(curriculum.stages[k], entry.name, of_task);
        curriculum.earlier_tasks.push_back(open_task(entry, of_stage, arguments, preset));
        curriculum.task_options.push_back(to_values(of_stage));
    }
    return curriculum;
}

Record compare_on(const TaskEntry& entry, const Arguments& arguments, RunContext& context,
                  Communicator& processes, bool alone) {
    const Config preset =
        arguments.has("preset")
            ? with_flag("--preset " + arguments.text("preset"),
                        [&] { return find_preset(entry, arguments.text("preset")); })
            : Config{};
    OptionSet of_task = options_of(entry.options(), entry.name, arguments, preset);
    ComparisonOptions options;
    options.plan = plan_options(arguments, context, preset, registered_models(arguments, "models"),
                                folder_of(arguments, entry.name, alone));
    options.trials = arguments.integer("tune");
    read_share(arguments, options);
    options.curriculum = stages_of_cells(entry, of_task, arguments, preset, options);
    const Stage& last = options.curriculum.stages.back();
    OptionSet of_last = options_in(last, entry.name, of_task);
    const std::unique_ptr<Task> task = open_task(entry, of_last, arguments, preset);
    options.curriculum.task_options.push_back(to_values(of_last));
    set_options(of_task, with_facts(last, entry.name, to_values(of_task), to_values(of_last)));
    ELM_CHECK(!arguments.has("ratings") || scores_by_sample(task->spec()),
              "--ratings: the samples of the task {} are not scored one by one, so nobody beats "
              "another on one of them.",
              entry.name);
    options.describe = [&](PlanOptions& cell) { describe_cell(arguments, entry, of_task, cell); };
    Config whole = configuration_of(options.plan);
    whole.sections[entry.name] = to_values(of_task);
    if (!options.curriculum.section.empty()) {
        whole.sections[curriculum_section] = options.curriculum.section;
    }
    Comparison comparison(context.stream(), *task, std::move(options));
    require_reference(arguments, comparison.options().plan.models);
    if (processes.leads()) {
        comparison.require_free();
        log::info("{}", task->summary());
        require_possible(context.stream(), *task, comparison.options());
    }
    processes.barrier();
    comparison.run(processes, throw_if_interrupted);
    return processes.leads() ? show_comparison(arguments, context, comparison, whole) : Record{};
}

}  // namespace

void require_possible(Stream& stream, const Task& task, const ComparisonOptions& options) {
    const auto whole = options.plan.recipe.get<std::string>("budget");
    with_flag("--budget " + whole, [&] { parse_budget(whole); });
    const std::vector<Stage>& stages = options.curriculum.stages;
    const auto in_stage = [&](std::size_t k, const auto& work) {
        if (stages.size() == 1) return work();
        return with_context(
            fmt::format("stage {} of {} ({})", k + 1, stages.size(), stages[k].name), work);
    };
    for (std::size_t k = 0; k < stages.size(); ++k) {
        ComparisonOptions of_stage = options;
        StagesDone nothing;
        in_stage(k, [&] { choose_stage(stages, k, task.spec().name, nothing, of_stage.plan); });
        const Task& own = k + 1 < stages.size() ? *options.curriculum.earlier_tasks[k] : task;
        const std::vector<ModelCost> costs =
            in_stage(k, [&] { return costs_of_models(stream, own, of_stage); });
        const auto budget = of_stage.plan.recipe.get<std::string>("budget");
        with_flag("--budget " + whole,
                  [&] { in_stage(k, [&] { require_affordable(budget, costs); }); });
    }
}

void describe_cell(const Arguments& arguments, const TaskEntry& entry,
                   const OptionSet& task_options, PlanOptions& cell) {
    constexpr const char* command = "train";
    Config own;
    Values& flags = own.sections[command];
    const Config given = arguments.effective();
    for (const char* const kept :
         {"data", "train", "validate", "precision", "device", "threads", "validate-every"}) {
        const Values& all = given.sections.at(arguments.command().name);
        if (const auto found = all.find(kept); found != all.end()) flags[kept] = found->second;
    }
    flags["task"] = entry.name;
    flags["model"] = cell.models.front();
    flags["seed"] = parse_value(std::to_string(cell.seed));
    flags["out"] = cell.out;
    own.sections[entry.name] = to_values(task_options);
    cell.config = std::move(own);
    cell.config_section = command;
}

int compare_on_tasks(const Arguments& arguments) {
    ELM_CHECK(!(arguments.has("resume") && arguments.has("force")),
              "--resume goes on with a comparison and --force begins anew: give one.");
    ELM_CHECK(arguments.has("models"),
              "--models is missing: expected names with commas between them, see elmsim list "
              "models.");
    std::vector<const TaskEntry*> tasks;
    arguments.text("task");  // must be there
    for (const std::string& name : arguments.items("task")) {
        tasks.push_back(
            &with_flag("--task", [&]() -> const TaskEntry& { return find_task(name); }));
    }
    ELM_CHECK(tasks.size() == 1 || !(arguments.has("data") || arguments.has("preset")),
              "--data and --preset are of one task, and --task names {}.", tasks.size());
    ELM_CHECK(tasks.size() == 1 || !(arguments.has("plot") || arguments.has("report")),
              "--plot and --report are of one task, and --task names {}: each task's folder has "
              "pareto.png and report.html.",
              tasks.size());
    ELM_CHECK(tasks.size() == 1 || curriculum_of(arguments, {}).empty(),
              "a [{}] is of one task, and --task names {}.", curriculum_section, tasks.size());
    Communicator processes = Communicator::world();
    if (processes.leads()) require_comparison_places(arguments);
    RunContext context(arguments, true);
    if (processes.leads()) context.announce();
    std::vector<Record> records;
    for (const TaskEntry* task : tasks) {
        records.push_back(compare_on(*task, arguments, context, processes, tasks.size() == 1));
    }
    if (!processes.leads() || !arguments.has("json")) return 0;
    if (records.size() == 1) {
        print_result(records.front().to_json());
    } else {
        Record all = result_header(arguments, context.stream().device());
        print_result(all.set("comparisons", records).to_json());
    }
    return 0;
}

}  // namespace elm
