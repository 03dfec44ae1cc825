#include "tasks/training/plan/stages.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/training/recipe.h"

namespace elm {

void StagesDone::add(const Stage& stage, std::size_t index, const RunPlan& plan, bool validated) {
    models.clear();
    work.clear();
    for (const PlannedRun& run : plan.runs()) {
        Training& training = *run.training;
        models.push_back(run.files.model());
        work.push_back(training.work_with_earlier());
        const WorkDone own = training.work();
        table.add({fmt::format("{}", index + 1), run.name, fmt::format("{}", own.updates),
                   fmt::format("{}", validated ? training.best()->update : 0),
                   fmt::format("{:.3g}", own.seconds), fmt::format("{:.2e}", own.flops),
                   stage.name});
    }
}

void require_trained(std::span<const Stage> stages, const std::string& task,
                     std::span<const std::string> models) {
    for (const Stage& stage : stages) {
        for (const auto& [section, values] : stage.options.sections) {
            ELM_CHECK(section == task || section == "training" ||
                          std::find(models.begin(), models.end(), section) != models.end(),
                      "{}: there is no {} in this training: expected {}, training or {}.",
                      curriculum_section, section, task, fmt::join(models, ", "));
            ELM_CHECK(section != "training" || !values.contains("budget"),
                      "{}.training.budget: the budget is that of all stages together, which "
                      "{}.budget_share divides.",
                      curriculum_section, curriculum_section);
        }
    }
}

OptionSet options_in(const Stage& stage, const std::string& task, OptionSet task_options) {
    const auto found = stage.options.sections.find(task);
    if (found != stage.options.sections.end()) set_options(task_options, found->second);
    return task_options;
}

void choose_stage(std::span<const Stage> stages, std::size_t index, const std::string& task,
                  StagesDone& before, PlanOptions& plan) {
    const Stage& stage = stages[index];
    for (const auto& [section, values] : stage.options.sections) {
        if (section == task) continue;
        if (section == "training") {
            set_options(plan.recipe, values);
            continue;
        }
        if (std::find(plan.models.begin(), plan.models.end(), section) == plan.models.end())
            continue;
        for (const auto& [name, value] : values) {
            plan.model_options[section][name] = value;
            plan.init_changes[section][name] = value;
        }
    }
    if (stages.size() == 1) return;
    const std::string budget =
        share_of(parse_budget(plan.recipe.get<std::string>("budget")), stage.budget_share);
    plan.recipe.set("budget", budget);
    Values& flags = plan.config.sections[plan.config_section];
    flags["budget"] = budget;
    if (index + 1 < stages.size()) {
        plan.whole_out = plan.out;
        plan.out += fmt::format("/stage-{}", index + 1);
        flags["out"] = plan.out;
    }
    if (index == 0) return;
    plan.init_from = std::move(before.models);
    plan.init_name = fmt::format("stage {}", index);
    plan.earlier_work = std::move(before.work);
    if (plan.init_from.size() == 1) flags["init-from"] = plan.init_from.front();
}

Values with_facts(const Stage& stage, const std::string& task, Values given,
                  const Values& in_stage) {
    const auto changed = stage.options.sections.find(task);
    for (const auto& [name, value] : in_stage) {
        if (changed == stage.options.sections.end() || !changed->second.contains(name)) {
            given[name] = value;
        }
    }
    return given;
}

void require_same_samples(std::span<const Stage> stages, const std::string& task,
                          const OptionSet& options) {
    const auto found = stages.front().options.sections.find(task);
    if (found == stages.front().options.sections.end()) return;
    for (const auto& [name, value] : found->second) {
        const bool is_of_samples = std::any_of(
            options.options().begin(), options.options().end(),
            [&, wanted = &name](const Option& option) { return option.name == *wanted; });
        ELM_CHECK(
            !is_of_samples,
            "the curriculum sets {}.{} in its stages, and samples in files have one of their own. "
            "Have the samples drawn, or train on these files without stages.",
            task, name);
    }
}

}  // namespace elm
