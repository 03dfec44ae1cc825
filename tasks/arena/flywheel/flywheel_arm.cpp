#include "tasks/arena/flywheel/flywheel_arm.h"

#include <array>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr std::array kind_names{"replay", "distillation", "preference", "reward"};
constexpr std::array arm_names{"F", "C1", "C2", "C3", "C4", "C5", "C6", "C7"};
static_assert(arm_names.size() == n_arms);

template <class Names>
std::size_t place_of(const Names& names, const std::string& name, const char* what) {
    std::vector<std::string> all(names.begin(), names.end());
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (all[k] == name) return k;
    }
    throw Error(ErrorKind::invalid, fmt::format("there is no {} {}: expected {}.{}", what, name,
                                                fmt::join(all, ", "), nearest_hint(name, all)));
}

const PartAnswers& winner_of(const PartBattle& battle, std::int64_t place) {
    return *battle.opponents[battle.best_opponent(place)];
}

Lesson distilled(const PartBattle& battle, std::int64_t place) {
    const PartAnswers& winner = winner_of(battle, place);
    if (!battle.is_right(winner, place)) return {.kind = LessonKind::label};
    return {.kind = LessonKind::distillation, .outputs = winner.output(place)};
}

std::vector<Lesson> distilled(const PartBattle& battle, const SampleNumbers& places) {
    std::vector<Lesson> lessons;
    for (const std::int64_t place : places) lessons.push_back(distilled(battle, place));
    return lessons;
}

/// What is asked rather than what whoever lost said.
Lesson preferred(const PartBattle& battle, const SelectedPair& pair) {
    Lesson lesson{.kind = LessonKind::preference, .outputs = battle.target->output(pair.place)};
    if (pair.loser->label.empty()) {
        lesson.lost = pair.loser->output(pair.place);
    } else {
        lesson.chosen = pair.loser->label[static_cast<std::size_t>(pair.place)];
        lesson.rejected = answer_to_reject(*pair.loser, pair.place);
    }
    return lesson;
}

/// The lesson of a kind, of a sample that the target lost.
Lesson lesson_of(StageKind kind, const PartBattle& battle, std::int64_t place) {
    if (kind == StageKind::distillation) return distilled(battle, place);
    const PartAnswers& target = *battle.target;
    if (kind == StageKind::reward) {
        return {.kind = LessonKind::reward, .outputs = target.output(place)};
    }
    Lesson lesson = preferred(battle, {place, &target});
    // Not what it said but what it would have said next: samples need not be lost here.
    if (!target.label.empty()) lesson.rejected = strongest_wrong(target, place);
    return lesson;
}

ArmChoice of_places(StageKind kind, const PartBattle& battle, SampleNumbers places,
                    double threshold) {
    ArmChoice choice{.places = std::move(places), .lessons = {}, .threshold = threshold};
    if (kind == StageKind::replay) return choice;
    for (const std::int64_t place : choice.places) {
        choice.lessons.push_back(lesson_of(kind, battle, place));
    }
    return choice;
}

ArmChoice pairs_of(const ArmKnowledge& knowledge, bool shuffled) {
    ArmChoice choice{.places = {}, .lessons = {}, .threshold = knowledge.pair_threshold};
    for (const SelectedPair& pair : select_pairs(knowledge.battle, knowledge.pair_threshold)) {
        Lesson lesson = preferred(knowledge.battle, pair);
        const std::uint32_t word = random_word(knowledge.key.for_purpose("exchange"), pair.place);
        if (shuffled && draw_bernoulli(word, 0.5)) {
            std::swap(lesson.chosen, lesson.rejected);
            lesson.exchanged = true;
        }
        choice.places.push_back(pair.place);
        choice.lessons.push_back(std::move(lesson));
    }
    return choice;
}

ArmChoice choose_by_battle(Arm arm, StageKind kind, const ArmKnowledge& knowledge) {
    if (kind == StageKind::preference && arm != Arm::lost_by_all) {
        return pairs_of(knowledge, arm == Arm::shuffled_pairs);
    }
    const double threshold =
        kind == StageKind::preference ? knowledge.pair_threshold : knowledge.threshold;
    Selected lost = select_lost(knowledge.battle, threshold, arm != Arm::lost_by_all);
    return of_places(kind, knowledge.battle, std::move(lost.places), lost.threshold);
}

}  // namespace

std::string name_of(StageKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }
std::string name_of(Arm arm) { return arm_names[static_cast<std::size_t>(arm)]; }

StageKind stage_kind_called(const std::string& name) {
    return static_cast<StageKind>(place_of(kind_names, name, "stage"));
}
Arm arm_called(const std::string& name) {
    return static_cast<Arm>(place_of(arm_names, name, "arm"));
}

std::string question_of(Arm arm) {
    constexpr std::array<const char*, n_arms> questions{
        "the loop itself: samples and lessons that battles chose",
        "all of the part: is choosing better than training longer?",
        "a random subset of the size and classes of F's: is it the choice or the size?",
        "the highest losses of the target itself: do opponents add anything?",
        "what battles chose for another seed's target: is it this model's weakness?",
        "also what nobody answered rightly: does it help that somebody can?",
        "distillation on a random subset: the teachers' signal without a choice",
        "chosen and rejected exchanged at random: must not gain"};
    return questions[static_cast<std::size_t>(arm)];
}

bool answers_part(Arm arm) {
    return arm != Arm::everything && arm != Arm::random_subset && arm != Arm::teacher_random;
}

ArmChoice choose(Arm arm, StageKind kind, const ArmKnowledge& knowledge) {
    const PartBattle& battle = knowledge.battle;
    const std::vector<std::int32_t> labels = classes_of(*battle.opponents.front());
    const std::int64_t as_many = std::ssize(knowledge.chosen_by_f);
    switch (arm) {
        case Arm::flywheel:
        case Arm::lost_by_all:
        case Arm::shuffled_pairs:
            return choose_by_battle(arm, kind, knowledge);
        case Arm::everything: {
            SampleNumbers all(labels.size());
            std::iota(all.begin(), all.end(), std::int64_t{0});
            return {.places = std::move(all), .lessons = {}, .threshold = 0};
        }
        case Arm::random_subset:
            return {.places = random_like(labels, knowledge.chosen_by_f, knowledge.key),
                    .lessons = {},
                    .threshold = 0};
        case Arm::own_losses:
            return {
                .places = hardest_of_own(*battle.target, as_many), .lessons = {}, .threshold = 0};
        case Arm::another_target:
            return of_places(kind, battle, knowledge.of_another, knowledge.threshold);
        case Arm::teacher_random: {
            SampleNumbers places = random_like(labels, knowledge.chosen_by_f, knowledge.key);
            std::vector<Lesson> lessons = distilled(battle, places);
            return {.places = std::move(places), .lessons = std::move(lessons), .threshold = 0};
        }
    }
    return {};
}

std::int64_t ComputeLedger::charge(std::int64_t updates, std::int64_t batch, std::int64_t part,
                                   bool passes) {
    constexpr double training_passes = 3;  // forward, and twice as much back
    const double of_update = training_passes * static_cast<double>(batch);
    if (passes) {
        spent += static_cast<double>(part);
    } else {
        carried += static_cast<double>(part);
        const auto more = static_cast<std::int64_t>(std::floor(carried / of_update));
        carried -= static_cast<double>(more) * of_update;
        updates += more;
    }
    spent += static_cast<double>(updates) * of_update;
    return updates;
}

}  // namespace elm
