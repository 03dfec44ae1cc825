#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "tasks/arena/battle/predictions.h"

/// Which samples of a part a target should learn from, given who answered them how well. Pure
/// functions of answers; samples are places in the part. Scores are 1 + 9 p, with p that of the
/// right class after calibration, so a gap of 3 is a third of the probability; of numbers
/// exp(-loss / usual loss), and those of less than the usual loss are right. After Luo et al. 2024,
/// arXiv 2407.10627, where a gap of the judge's scores of two answers chooses the prompts.
namespace elm {

/// A target and its opponents on one part. All answered the same samples, with one class each or
/// with numbers.
struct PartBattle {
    const PartAnswers* target = nullptr;
    std::vector<const PartAnswers*> opponents = {};
    double usual = 1;  // loss of numbers

    std::int64_t size() const { return opponents.front()->size(); }
    bool is_right(const PartAnswers& answers, std::int64_t place) const;
    double score(const PartAnswers& answers, std::int64_t place) const;
    double target_score(std::int64_t place) const;
    double opponent_score(std::size_t opponent, std::int64_t place) const;
    /// The opponent of the highest score.
    std::size_t best_opponent(std::int64_t place) const;
    std::size_t worst_opponent(std::int64_t place) const;
    /// How much better than the target the best opponent is; below 0 where the target is best.
    double gap(std::int64_t place) const;
    /// 10 times 1 less the mean p of the opponents.
    double difficulty(std::int64_t place) const;
};

struct Selected {
    SampleNumbers places = {};
    double threshold = 0;  // that was used
};

/// Samples that the target lost by more than `threshold`. `winner_is_right`: and that some opponent
/// answered rightly. Fewer than 1 % of the part: the threshold falls by 1, down to 0.
Selected select_lost(const PartBattle& battle, double threshold, bool winner_is_right = true);

/// What is asked of a sample, over what somebody answered.
struct SelectedPair {
    std::int64_t place = 0;
    const PartAnswers* loser = nullptr;
};

/// Pairs of what is asked and the answer of whoever lost by more than `threshold`: the target, or,
/// where the target is best, the worst opponent. Lowered as above.
std::vector<SelectedPair> select_pairs(const PartBattle& battle, double threshold);

/// The class that whoever lost said, or, where it is right all the same, its strongest wrong one.
std::int32_t answer_to_reject(const PartAnswers& answers, std::int64_t place);

/// The strongest class of an answer that is not the label.
std::int32_t strongest_wrong(const PartAnswers& answers, std::int64_t place);

/// `count` samples of the highest loss of the target itself.
SampleNumbers hardest_of_own(const PartAnswers& target, std::int64_t count);

/// The class of each sample: the label, and one for all of numbers.
std::vector<std::int32_t> classes_of(const PartAnswers& answers);

/// As many samples of each class as `like` has of it (as far as there are), drawn by key.
SampleNumbers random_like(const std::vector<std::int32_t>& labels, const SampleNumbers& like,
                          const RandomKey& key);

}  // namespace elm
