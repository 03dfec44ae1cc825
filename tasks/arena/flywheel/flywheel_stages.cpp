#include "tasks/arena/flywheel/flywheel_stages.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"
#include "tasks/arena/learning/number_lesson.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

PartBattle battle_of(const std::string& name, const PartAnswers* target,
                     const OpponentChoice& opponents) {
    PartBattle one{.target = target, .usual = opponents.usual};
    for (const Predictions& opponent : opponents.chosen) {
        one.opponents.push_back(&opponent.part(name));
    }
    return one;
}

/// Places in a part of samples of the pool.
SampleNumbers places_of(const SampleNumbers& part, const SampleNumbers& samples) {
    SampleNumbers places;
    for (std::size_t k = 0; k < part.size(); ++k) {
        if (std::find(samples.begin(), samples.end(), part[k]) != samples.end()) {
            places.push_back(static_cast<std::int64_t>(k));
        }
    }
    return places;
}

}  // namespace

void require_possible(const ArenaPool& pool, const FlywheelOptions& options) {
    const std::int64_t n_stages = options.rounds * std::ssize(options.stages);
    ELM_CHECK(answer_kind_of(pool) == AnswerKind::one_class ||
                  std::find(options.stages.begin(), options.stages.end(), StageKind::reward) ==
                      options.stages.end(),
              "a stage reward is of answers that can be counted through, and the task {} is "
              "answered with numbers: choose stages of replay, distillation and preference.",
              pool.spec().name);
    ELM_CHECK(options.n_seeds > 0 && options.rounds > 0 && !options.stages.empty(),
              "a flywheel has one seed, one round and one stage a round at least.");
    ELM_CHECK(n_stages <= n_lesson_parts,
              "{} rounds of {} stages take {} parts, and an arena has {}: D1 to D{}.",
              options.rounds, options.stages.size(), n_stages, n_lesson_parts, n_lesson_parts);
    ELM_CHECK(options.n_seeds > 1 || std::find(options.controls.begin(), options.controls.end(),
                                               Arm::another_target) == options.controls.end(),
              "C4 takes what was chosen for another seed: choose two seeds or leave it out.");
    ELM_CHECK(!options.thresholds.empty(), "no threshold of a gap is given.");
}

FlywheelStages::FlywheelStages(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                               const FlywheelOptions& options, StageScope scope,
                               const std::function<void()>& poll)
    : stream_(stream),
      pool_(pool),
      arena_(arena),
      options_(options),
      scope_(std::move(scope)),
      poll_(poll),
      answers_(answer_kind_of(pool)) {
    require_possible(pool, options);
    const TrainingSettings settings =
        settings_of(options.recipe.training, options.recipe.precision, 1, 0);
    batch_ = settings.samples_per_update();
}

StageFiles FlywheelStages::files_before(Arm arm, std::uint64_t seed, std::int64_t stage) const {
    return stage == 0 ? start_files(seed) : files(name_of(arm), seed, stage - 1);
}

ArenaRecipe FlywheelStages::recipe_for(std::uint64_t seed, std::int64_t stage, double share) const {
    ArenaRecipe recipe = options_.recipe;
    recipe.rate_share = share;
    // Another order and other random numbers in every stage.
    recipe.seed = seed + 1000 * static_cast<std::uint64_t>(stage + 1);
    return recipe;
}

EpochTraining FlywheelStages::first_training(std::uint64_t seed, std::int64_t updates) const {
    return {.model = options_.target,
            .options = options_for(options_.model_options, options_.target),
            .updates = updates,
            .recipe = recipe_for(seed, -1, 1)};
}

Predictions FlywheelStages::ask(const FittedModel& model, std::uint64_t seed,
                                const std::string& path,
                                const std::vector<std::string>& parts) const {
    Predictions predictions{
        .task = pool_.spec().name,
        .model = options_.target,
        .seed = seed,
        .temperature = temperature_on(stream_, pool_, model, arena_.part(part::calibration)),
        .arena_fingerprint = arena_.fingerprint(),
        .model_fingerprint = fingerprint_of_file(path),
        .parts = {}};
    for (const std::string& name : parts) {
        predictions.parts.push_back(
            answer(stream_, pool_, model, name, arena_.part(name), predictions.temperature));
    }
    return predictions;
}

void FlywheelStages::finish(StageResult& result, const StageFiles& files,
                            const SampleNumbers& selected,
                            const std::vector<std::string>& parts) const {
    const FittedModel model = load_model(stream_, files.model(), options_.recipe.precision);
    result.predictions = ask(model, result.seed, files.model(), parts);
    files.write(result, selected);
}

void FlywheelStages::start(std::uint64_t seed) const {
    const StageFiles own = start_files(seed);
    if (own.finished()) return;
    const SampleNumbers& learnt = arena_.part(part::lessons(0));
    first_training(seed, options_.target_updates)
        .run(stream_, pool_, learnt, arena_.part(part::calibration), own.model(), poll_);
    StageResult result{.arm = start_arm, .seed = seed};
    result.updates = options_.target_updates;
    std::vector<std::string> parts{part::arena, part::test, part::dev};
    // The usual loss of numbers is that on CAL.
    if (answers_ == AnswerKind::numbers) parts.emplace_back(part::calibration);
    finish(result, own, learnt, parts);
}

ArmKnowledge FlywheelStages::knowledge_of(Arm arm, std::uint64_t seed, std::int64_t stage,
                                          const PartAnswers* target,
                                          const OpponentChoice& opponents) const {
    const std::string name = part::lessons(static_cast<int>(stage) + 1);
    const auto round = static_cast<std::size_t>(stage / std::ssize(options_.stages));
    ArmKnowledge knowledge{
        .battle = battle_of(name, target, opponents),
        .chosen_by_f = {},
        .of_another = {},
        .threshold = options_.thresholds[std::min(round, options_.thresholds.size() - 1)],
        .pair_threshold = options_.pair_threshold,
        .key = RandomKey{seed}
                   .for_purpose("choice of " + name_of(arm))
                   .at_step(static_cast<std::uint64_t>(stage))};
    if (arm == Arm::flywheel) return knowledge;
    const SampleNumbers& all = arena_.part(name);
    const std::uint64_t next =
        seed_of((static_cast<std::int64_t>(seed - options_.recipe.seed) + 1) % options_.n_seeds);
    knowledge.chosen_by_f =
        places_of(all, files(name_of(Arm::flywheel), seed, stage).read_selected());
    knowledge.of_another =
        places_of(all, files(name_of(Arm::flywheel), next, stage).read_selected());
    return knowledge;
}

SampleNumbers FlywheelStages::old_samples(Arm arm, std::uint64_t seed, std::int64_t stage) const {
    SampleNumbers old = arena_.part(part::lessons(0));
    for (std::int64_t k = 0; k < stage; ++k) {
        const SampleNumbers own = files(name_of(arm), seed, k).read_selected();
        old.insert(old.end(), own.begin(), own.end());
    }
    return old;
}

void FlywheelStages::run(Arm arm, std::uint64_t seed, std::int64_t stage,
                         const OpponentChoice& opponents) const {
    const StageFiles own = files(name_of(arm), seed, stage);
    if (own.finished()) return;
    const StageFiles before = files_before(arm, seed, stage);
    FittedModel model = load_model(stream_, before.model(), options_.recipe.precision);
    const std::string name = part::lessons(static_cast<int>(stage) + 1);
    const SampleNumbers& all = arena_.part(name);
    const StageKind kind =
        options_.stages[static_cast<std::size_t>(stage % std::ssize(options_.stages))];
    const bool passes = answers_part(arm);
    PartAnswers answers;
    if (passes) {
        answers = answer(stream_, pool_, model, name, all,
                         temperature_on(stream_, pool_, model, arena_.part(part::calibration)),
                         NumberOutputs::kept);
    }
    const ArmKnowledge knowledge =
        knowledge_of(arm, seed, stage, passes ? &answers : nullptr, opponents);
    const ArmChoice choice = choose(arm, kind, knowledge);
    if (choice.places.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("arm {}, seed {}, stage {}: battles chose none of {} samples. "
                                "The target is as good as all opponents together: there is "
                                "nothing to learn from them.",
                                name_of(arm), seed, stage + 1, all.size()));
    }
    StageResult result{.arm = name_of(arm), .seed = seed};
    result.round = stage / std::ssize(options_.stages) + 1;
    result.stage = stage;
    result.kind = name_of(kind);
    result.chosen = std::ssize(choice.places);
    result.threshold = choice.threshold;
    result.updates = charged(arm, stage, result.forwards);
    result.difficulty = mean_difficulty(choice, knowledge.battle);
    result.largest_class = largest_class(choice, knowledge.battle);
    const LessonSettings settings = settings_for(kind, model);
    LessonPlan plan = plan_stage(choice, all, old_samples(arm, seed, stage),
                                 {.updates = result.updates,
                                  .batch = batch_,
                                  .old_share = options_.old_share,
                                  .seed = seed + 10 * static_cast<std::uint64_t>(stage)},
                                 settings);
    train_on_plan(stream_, pool_, std::move(model), std::move(plan), arena_.part(part::calibration),
                  recipe_for(seed, stage, options_.rate_share), own.model(), poll_);
    SampleNumbers selected;
    for (const std::int64_t place : choice.places) {
        selected.push_back(all[static_cast<std::size_t>(place)]);
    }
    finish(result, own, selected, scope_.parts);
}

LessonSettings FlywheelStages::settings_for(StageKind kind, const FittedModel& model) const {
    LessonSettings settings = options_.lessons;
    if (kind != StageKind::preference) return settings;
    const SampleNumbers& calibration = arena_.part(part::calibration);
    double& beta = settings.preference.beta;
    if (answers_ == AnswerKind::numbers) {
        const NumberScale scale = number_scale(stream_, pool_, model, calibration);
        settings.variances = scale.variances;
        if (beta == 0) beta = scale.beta;
    } else if (beta == 0) {
        beta = preference_beta(answer(stream_, pool_, model, part::calibration, calibration, 1));
    }
    return settings;
}

std::int64_t FlywheelStages::charged(Arm arm, std::int64_t stage, double& forwards) const {
    ComputeLedger ledger;
    std::int64_t updates = 0;
    for (std::int64_t k = 0; k <= stage; ++k) {
        updates = ledger.charge(options_.stage_updates, batch_,
                                std::ssize(arena_.part(part::lessons(static_cast<int>(k) + 1))),
                                answers_part(arm));
    }
    forwards = ledger.spent;
    return updates;
}

void FlywheelStages::train_from_scratch(std::uint64_t seed) const {
    const StageFiles own = files(scratch_arm, seed, n_stages() - 1);
    if (own.finished()) return;
    SampleNumbers learnt = arena_.part(part::lessons(0));
    for (std::int64_t k = 1; k <= n_stages(); ++k) {
        const SampleNumbers& part = arena_.part(part::lessons(static_cast<int>(k)));
        learnt.insert(learnt.end(), part.begin(), part.end());
    }
    StageResult result{.arm = scratch_arm, .seed = seed};
    charged(Arm::flywheel, n_stages() - 1, result.forwards);
    result.round = options_.rounds;
    result.stage = n_stages() - 1;
    result.kind = "from scratch";
    result.chosen = std::ssize(learnt);
    result.updates = options_.target_updates +
                     static_cast<std::int64_t>(result.forwards / static_cast<double>(3 * batch_));
    first_training(seed, result.updates)
        .run(stream_, pool_, learnt, arena_.part(part::calibration), own.model(), poll_);
    finish(result, own, learnt, scope_.parts);
}

}  // namespace elm
