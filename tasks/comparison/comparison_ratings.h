#pragma once

#include <vector>

#include "tasks/comparison/comparison_results.h"
#include "tasks/comparison/rating_tables.h"

namespace elm {

/// Ratings of the models of a comparison from the scores of each sample, by all judges that the
/// task's answers have.
class ComparisonRatings {
public:
    /// Models count whose cells are all done. Throws Error{invalid} for a task whose samples are
    /// not scored one by one, and for fewer than two such models.
    ComparisonRatings(const ComparisonResults& results, const RatingOptions& options);

    const std::vector<JudgedRatings>& judged() const noexcept { return judged_; }

private:
    std::vector<Contestant> contestants_;
    std::vector<JudgedRatings> judged_;
};

}  // namespace elm
