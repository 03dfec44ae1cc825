#pragma once

#include <vector>

#include "tasks/comparison/comparison_results.h"
#include "tasks/report/plot.h"

namespace elm {

/// A model in the plane of cost and score.
struct CostedScore {
    double cost = 0, score = 0;
};

/// Those that none other beats: no other is at least as cheap and at least as good, and better in
/// one of the two. Places, by rising cost; of equal ones the first.
std::vector<std::size_t> pareto_front(const std::vector<CostedScore>& all, bool higher_is_better);

/// The score of each model, with its interval, against FLOP per sample and against parameters, and
/// the front of those that are not beaten.
Figure pareto_figure(const ComparisonResults& results);

/// The headline metric on validation samples against updates: each model's mean over its seeds
/// within the range of these.
Figure curves_figure(const ComparisonResults& results);

}  // namespace elm
