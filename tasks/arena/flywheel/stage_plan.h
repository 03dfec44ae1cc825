#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/arena/battle/predictions.h"
#include "tasks/arena/flywheel/flywheel_arm.h"

namespace elm {

/// How a stage mixes what was chosen with what is old.
struct StageMix {
    std::int64_t updates = 1, batch = 32;  // samples of an update
    double old_share = 0.5;
    std::uint64_t seed = 0;
};

/// Batches that begin with what was chosen from `part`, and end with old samples of the pool, both
/// in epochs. Throws Error{invalid} where one of the two is empty and has a share.
LessonPlan plan_stage(const ArmChoice& choice, const SampleNumbers& part, const SampleNumbers& old,
                      const StageMix& mix, const LessonSettings& settings);

/// 1 / the median distance of the label's output from the strongest other one: beta of a preference
/// that is not yet certain at the outputs that the model has.
double preference_beta(const PartAnswers& answers);

/// Mean difficulty of what was chosen, by the opponents.
double mean_difficulty(const ArmChoice& choice, const PartBattle& battle);
/// Of the classes, the largest share among the chosen over that in the part; 1 of numbers.
double largest_class(const ArmChoice& choice, const PartBattle& battle);

/// Who fights, of those who answered.
struct OpponentChoice {
    std::vector<Predictions> chosen = {};
    std::vector<std::string> left_out = {};
    double usual = 1;  // loss of numbers, that scores are relative to
};

/// Mean score by judge PC on a part.
double mean_score(const Predictions& model, const std::string& part, double usual = 1);

/// The `count` of the highest mean score on a part that are above `target`. Throws Error{data} with
/// all scores where there is none.
OpponentChoice choose_opponents(std::vector<Predictions> all, const std::string& part,
                                double target, std::int64_t count, double usual = 1);

}  // namespace elm
