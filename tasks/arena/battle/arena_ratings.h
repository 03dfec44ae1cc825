#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tasks/arena/battle/predictions.h"
#include "tasks/arena/battle/transitivity.h"
#include "tasks/comparison/rating_tables.h"

namespace elm {

struct ArenaRatingOptions {
    std::string part = "arena-test";
    std::string reference = "test";  // the part whose metric ratings are held against
    RatingOptions rating = {};
    bool allows_prior = true;  // where someone never wins, or never loses
};

/// Ratings of the models behind files of predictions: runs of one model with several seeds are one
/// contestant.
class ArenaRatings {
public:
    /// Throws Error{invalid} for fewer than two models, for seeds that not all models have, and for
    /// a tournament without strengths where no prior is allowed; Error{data} for predictions of
    /// different tasks, arenas or samples.
    ArenaRatings(const std::vector<Predictions>& all, const ArenaRatingOptions& options);

    const std::string& task() const noexcept { return task_; }
    std::size_t models() const noexcept { return contestants_.size(); }
    const std::vector<JudgedRatings>& judged() const noexcept { return judged_; }
    /// Elo of each model on samples of a third of the difficulty each; empty without difficulty.
    const Table& thirds() const noexcept { return thirds_; }
    /// A row for each judge: whether one strength each explains who beats whom.
    Table transitivity_table() const;
    /// Tables by name, in the order in which people read them.
    std::vector<std::pair<std::string, Table>> tables() const;
    Record to_record() const;

private:
    void rate_thirds(const std::vector<double>& difficulty, const RatingOptions& options);

    std::string task_;
    std::vector<Contestant> contestants_;
    std::vector<JudgedRatings> judged_;
    std::vector<std::optional<Transitivity>> transitivity_;  // none by L
    bool has_reference_ = false;
    Table thirds_{{"judge", "third", "samples", "difficulty", "model", "Elo", "95 %"}};
};

}  // namespace elm
