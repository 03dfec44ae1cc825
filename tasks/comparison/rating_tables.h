#pragma once

#include <vector>

#include "tasks/comparison/statistics/agreement.h"
#include "tasks/comparison/statistics/ratings.h"
#include "tasks/report/table.h"

namespace elm {

/// Ratings of one judge, and how far they agree with the metric.
struct JudgedRatings {
    Ratings ratings;
    Agreement agreement;
};

/// A row for each judge and model.
Table rating_table(const std::vector<JudgedRatings>& judged);
/// A row for each judge.
Table agreement_table(const std::vector<JudgedRatings>& judged);
/// Who beats whom: shares of games that the model of a row won against that of a column, ties
/// counted half.
Table win_table(const Ratings& ratings);
std::vector<Record> rating_records(const std::vector<JudgedRatings>& judged);

}  // namespace elm
