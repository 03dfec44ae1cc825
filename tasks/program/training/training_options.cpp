#include "tasks/program/training/training_options.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "baselines/encoder_front_end.h"
#include "baselines/expected_names.h"
#include "baselines/front_end.h"
#include "encoders/encoder_registry.h"
#include "kernels/core/support/check.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

std::vector<std::int64_t> memory_sizes(const Arguments& arguments) {
    std::vector<std::int64_t> sizes;
    for (const std::string& item : arguments.items("memory")) {
        const Value value = parse_value(item);
        const auto* size = std::get_if<std::int64_t>(&value);
        ELM_CHECK(size != nullptr && *size > 0 && *size <= 100000,
                  "--memory {}: '{}' is no number of memory units. Expected for example 20 or "
                  "1,2,5,10,20,50.",
                  arguments.text("memory"), item);
        sizes.push_back(*size);
    }
    return sizes;
}

/// "linear", "encoder=latency"
void choose_front_end(OptionSet& options, const std::string& choice) {
    const std::size_t equals = choice.find('=');
    with_flag("--front-end " + choice, [&] {
        options.set("kind", choice.substr(0, equals));
        if (equals == std::string::npos) return;
        ELM_CHECK(choice.substr(0, equals) == encoder_kind, "expected encoder=NAME.");
        options.set("encoder", choice.substr(equals + 1));
        find_encoder(choice.substr(equals + 1));
    });
}

}  // namespace

std::vector<std::string> registered_models(const Arguments& arguments, const std::string& flag) {
    std::vector<std::string> known, models = arguments.all_items(flag);
    for (const ModelEntry& entry : all_models()) known.push_back(entry.name);
    for (const std::string& given : models) {
        ELM_CHECK(std::find(known.begin(), known.end(), given) != known.end(),
                  "--{} {}: there is no such model to fit.{}", flag, given,
                  expected_names(given, known, "elmsim list models"));
    }
    for (auto at = models.begin(); at != models.end(); ++at) {
        ELM_CHECK(std::find(models.begin(), at, *at) == at, "--{} {}: this model is given twice.",
                  flag, *at);
    }
    return models;
}

/// The options of a component: its defaults, then those of the preset, then of its section.
OptionSet options_of(OptionSet options, const std::string& section, const Arguments& arguments,
                     const Config& preset) {
    if (const auto found = preset.sections.find(section); found != preset.sections.end()) {
        set_options(options, found->second);
    }
    with_context("reading the section " + section,
                 [&] { set_options(options, arguments.component(section)); });
    return options;
}

PlanOptions plan_options(const Arguments& arguments, const RunContext& context,
                         const Config& preset, std::vector<std::string> models, std::string out) {
    PlanOptions plan;
    plan.models = std::move(models);
    if (plan.models.empty()) plan.models.emplace_back("elm");
    for (const std::string& model : plan.models) {
        if (const auto found = preset.sections.find(model); found != preset.sections.end()) {
            plan.model_options[model] = found->second;
        }
        plan.init_changes[model] = arguments.component(model);
        for (const auto& [name, value] : plan.init_changes[model]) {
            plan.model_options[model][name] = value;
        }
    }
    OptionSet front_end = options_of(front_end_options(), front_end_section, arguments, preset);
    if (arguments.has("front-end")) choose_front_end(front_end, arguments.text("front-end"));
    plan.front_end = written_front_end(front_end);
    plan.memory_sizes = memory_sizes(arguments);
    plan.seed = arguments.seed();
    plan.n_seeds = arguments.integer("seeds");
    if (arguments.has("init-from")) plan.init_from = {arguments.text("init-from")};
    plan.recipe = options_of(training_options(), "training", arguments, preset);
    if (arguments.has("budget")) plan.recipe.set("budget", arguments.text("budget"));
    with_flag("--budget " + plan.recipe.text("budget"),
              [&] { parse_budget(plan.recipe.get<std::string>("budget")); });
    plan.precision = context.precision();
    plan.arithmetic = context.arithmetic();
    plan.out = std::move(out);
    while (plan.out.size() > 1 && plan.out.ends_with('/')) plan.out.pop_back();
    plan.resume = arguments.has("resume");
    plan.force = arguments.has("force");
    plan.safetensors = arguments.has("safetensors");
    if (arguments.has("validate-every")) {
        plan.validate_every = arguments.integer("validate-every");
        ELM_CHECK(plan.validate_every > 0, "--validate-every {}: expected at least 1.",
                  plan.validate_every);
    }
    plan.config = arguments.effective();
    plan.config_section = arguments.command().name;
    plan.ask_for = [](Values& section, const PlannedRun& run, const std::string& budget) {
        for (const char* of_several : {"memory", "seeds", "plot", "report"}) {
            section.erase(of_several);
        }
        section["model"] = run.spec.model;
        section["seed"] = parse_value(std::to_string(run.seed));
        section["budget"] = budget;
        section["out"] = std::filesystem::path(run.files.model()).parent_path().string();
        if (!run.init_from.empty()) section["init-from"] = run.init_from;
    };
    return plan;
}

Values curriculum_of(const Arguments& arguments, const Config& preset) {
    Values section;
    if (const auto found = preset.sections.find(curriculum_section);
        found != preset.sections.end()) {
        section = found->second;
    }
    for (const auto& [name, values] : arguments.component(curriculum_section)) {
        section[name] = values;
    }
    return section;
}

}  // namespace elm
