#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tasks/comparison/comparison_results.h"
#include "tasks/comparison/statistics/agreement.h"
#include "tasks/comparison/statistics/ratings.h"
#include "tasks/report/table.h"

namespace elm {

/// Ratings of one judge, and how far they agree with the metric.
struct JudgedRatings {
    Ratings ratings;
    Agreement agreement;
};

/// Ratings of the models of a comparison from the scores of each sample, by all judges that the
/// task's answers have.
class ComparisonRatings {
public:
    /// Models count whose cells are all done. Throws Error{invalid} for a task whose samples are
    /// not scored one by one, and for fewer than two such models.
    ComparisonRatings(const ComparisonResults& results, const RatingOptions& options);

    const std::vector<JudgedRatings>& judged() const noexcept { return judged_; }

    /// A row for each judge and model.
    Table rating_table() const;
    /// A row for each judge.
    Table agreement_table() const;
    /// Who beats whom by the first judge: shares of games that the model of a row won against that
    /// of a column, ties counted half.
    Table win_table() const;
    std::vector<Record> to_records() const;

private:
    std::vector<Contestant> contestants_;
    std::vector<JudgedRatings> judged_;
};

}  // namespace elm
