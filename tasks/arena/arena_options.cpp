#include "tasks/arena/arena_options.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/list_text.h"
#include "kernels/io/toml_config.h"
#include "tasks/samples/sample_options.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

constexpr double most = 1e9;

/// Items of a list, of which an empty text has none.
std::vector<std::string> items_of(const std::string& text) {
    std::vector<std::string> items = split_list(text);
    std::erase(items, "");
    return items;
}

Option share_option(const char* name, double value, const char* help, double highest = 1) {
    return {.name = name, .value = value, .help = help, .lowest = 0, .highest = highest};
}

Option text_option(const char* name, const char* value, const char* help) {
    return {.name = name, .value = std::string(value), .help = help};
}

std::int64_t whole(const OptionSet& options, const char* name) {
    return options.get<std::int64_t>(name);
}

}  // namespace

OptionSet arena_parts_options() {
    const ArenaSizes sizes;
    const BuildOptions build;
    OptionSet options;
    options.declare(whole_option("target", sizes.target, "samples of D0", 1, most));
    options.declare(whole_option("part", sizes.part, "samples of each of D1 to D9", 1, most));
    options.declare(whole_option("opponents", sizes.opponents, "samples of OPP", 1, most));
    options.declare(whole_option("committee", sizes.committee, "samples of COMMITTEE", 1, most));
    options.declare(whole_option("calibration", sizes.calibration, "samples of CAL", 1, most));
    options.declare(whole_option("source", sizes.source,
                                 "samples that the arena tests are chosen from", 20, most));
    options.declare(whole_option("test", sizes.test, "samples of TEST", 1, most));
    options.declare(
        text_option("committee_models", "lstm,tcn", "models that say what is difficult, in turn"));
    options.declare(
        whole_option("committee_size", build.committee_size, "members of the committee", 1, 100));
    options.declare(whole_option("committee_updates", build.committee_updates,
                                 "updates of each member", 1, most));
    return options;
}

void apply(const OptionSet& options, BuildOptions& build) {
    build.sizes = {.target = whole(options, "target"),
                   .part = whole(options, "part"),
                   .opponents = whole(options, "opponents"),
                   .committee = whole(options, "committee"),
                   .calibration = whole(options, "calibration"),
                   .source = whole(options, "source"),
                   .test = whole(options, "test")};
    build.committee = items_of(options.get<std::string>("committee_models"));
    for (const std::string& model : build.committee) find_model(model);
    build.committee_size = whole(options, "committee_size");
    build.committee_updates = whole(options, "committee_updates");
}

OptionSet flywheel_options() {
    const FlywheelOptions flywheel;
    const LessonSettings lessons;
    OptionSet options;
    options.declare(whole_option("rounds", flywheel.rounds, "rounds of all stages", 1, 9));
    options.declare(text_option(
        "stages", "",
        "of a round, in turn: replay, distillation, preference, and of classes reward; empty: "
        "replay,preference,reward of classes, replay,distillation,preference of numbers"));
    options.declare(
        text_option("controls", "C1,C2,C3,C4,C5,C6,C7", "arms beside F; none: an empty text"));
    options.declare(text_option("thresholds", "3,1,1",
                                "gap of scores above which a sample is chosen, by round"));
    options.declare(share_option("pair_threshold", flywheel.pair_threshold,
                                 "the same of pairs of a preference", 9));
    options.declare(
        whole_option("opponents", flywheel.n_opponents, "how many of the best fight", 1, 100));
    options.declare(whole_option("target_updates", flywheel.target_updates,
                                 "updates of the target on D0", 1, most));
    options.declare(whole_option("opponent_updates", flywheel.opponent_updates,
                                 "updates of each opponent on OPP", 1, most));
    options.declare(whole_option("stage_updates", flywheel.stage_updates,
                                 "updates of each stage; arms without battles have more", 1, most));
    options.declare(share_option("old_share", flywheel.old_share,
                                 "of each batch, from D0 and earlier choices", 0.95));
    options.declare(
        share_option("rate_share", flywheel.rate_share, "of the learning rate, in stages"));
    options.declare(share_option("distillation_share", lessons.distillation.share,
                                 "of the winner's outputs beside the label"));
    options.declare({.name = "distillation_temperature",
                     .value = lessons.distillation.temperature,
                     .help = "of both outputs",
                     .lowest = 0.1,
                     .highest = 100});
    options.declare({.name = "preference_form",
                     .value = std::string("logistic"),
                     .help = "of the preference loss: DPO (with noise cDPO), IPO, hinge",
                     .choices = {"logistic", "squared", "hinge"}});
    options.declare(
        share_option("beta", 0, "of a preference; 0: 1 / median distance of outputs", 1000));
    options.declare(share_option("noise", 0, "share of pairs that are taken to be wrong", 0.49));
    options.declare(share_option("label_share", lessons.label_share,
                                 "of what is asked, beside a preference", 100));
    options.declare(share_option("reward_kappa", lessons.reward_kappa,
                                 "of the divergence from the model as it was", 100));
    options.declare(
        whole_option("bootstrap_rounds", 10'000, "of intervals of differences", 10, 1e7));
    return options;
}

void choose_stages(const ArenaPool& pool, OptionSet& options) {
    if (!items_of(options.get<std::string>("stages")).empty()) return;
    options.set("stages", answer_kind_of(pool) == AnswerKind::one_class
                              ? "replay,preference,reward"
                              : "replay,distillation,preference");
}

void apply(const OptionSet& options, FlywheelOptions& flywheel) {
    flywheel.rounds = whole(options, "rounds");
    flywheel.stages.clear();
    for (const std::string& name : items_of(options.get<std::string>("stages"))) {
        flywheel.stages.push_back(stage_kind_called(name));
    }
    flywheel.controls.clear();
    for (const std::string& name : items_of(options.get<std::string>("controls"))) {
        const Arm arm = arm_called(name);
        ELM_CHECK(arm != Arm::flywheel, "F is always there: controls are C1 to C7.");
        flywheel.controls.push_back(arm);
    }
    const bool has_pairs = std::find(flywheel.stages.begin(), flywheel.stages.end(),
                                     StageKind::preference) != flywheel.stages.end();
    if (!has_pairs && std::erase(flywheel.controls, Arm::shuffled_pairs) > 0) {
        log::info(
            "{} exchanges pairs, and no stage learns from any: it would be {} again and is "
            "left out",
            name_of(Arm::shuffled_pairs), name_of(Arm::flywheel));
    }
    flywheel.thresholds.clear();
    for (const std::string& text : items_of(options.get<std::string>("thresholds"))) {
        const Value value = parse_value(text);
        const auto* const as_whole = std::get_if<std::int64_t>(&value);
        const auto* const as_real = std::get_if<double>(&value);
        const double gap = as_whole ? static_cast<double>(*as_whole) : as_real ? *as_real : -1;
        ELM_CHECK(gap >= 0 && gap < 9, "thresholds {}: '{}' is no gap of scores from 0 to 9.",
                  options.text("thresholds"), text);
        flywheel.thresholds.push_back(gap);
    }
    flywheel.pair_threshold = options.get<double>("pair_threshold");
    flywheel.n_opponents = whole(options, "opponents");
    flywheel.target_updates = whole(options, "target_updates");
    flywheel.opponent_updates = whole(options, "opponent_updates");
    flywheel.stage_updates = whole(options, "stage_updates");
    flywheel.old_share = options.get<double>("old_share");
    flywheel.rate_share = options.get<double>("rate_share");
    const std::string& form = options.get<std::string>("preference_form");
    flywheel.lessons = {
        .distillation = {.share = options.get<double>("distillation_share"),
                         .temperature = options.get<double>("distillation_temperature")},
        .preference = {.form = form == "logistic"  ? PreferenceForm::logistic
                               : form == "squared" ? PreferenceForm::squared
                                                   : PreferenceForm::hinge,
                       .beta = options.get<double>("beta"),
                       .noise = options.get<double>("noise")},
        .label_share = options.get<double>("label_share"),
        .reward_kappa = options.get<double>("reward_kappa")};
}

std::int64_t bootstrap_rounds_of(const OptionSet& options) {
    return whole(options, "bootstrap_rounds");
}

OptionSet arena_training_options() {
    OptionSet options = training_options();
    options.set("batch", "32");
    options.set("learning_rate", "0.003");
    options.set("weight_decay", "0");
    return options;
}

}  // namespace elm
