#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tasks/metrics.h"

/// How far two rankings of the same models agree, as Luo et al. 2024, arXiv 2407.10627, and the
/// public arenas measure it.
namespace elm {

/// A figure of each model, higher is better, with its interval.
struct RankedFigure {
    double value = 0;
    Interval interval{};
};

/// Pearson's correlation. NaN where one of the two does not vary.
double pearson(std::span<const double> a, std::span<const double> b);

/// Pearson's correlation of mean ranks. NaN where one of the two does not vary.
double spearman(std::span<const double> a, std::span<const double> b);

/// Kendall's tau-b. NaN where one of the two does not vary.
double kendall(std::span<const double> a, std::span<const double> b);

struct Agreement {
    std::int64_t models = 0;
    double spearman = 0, kendall = 0;
    /// Over pairs that the reference separates (its intervals do not meet), the mean of 1 where the
    /// ratings separate them the same way, -1 the other way, 0 where they do not. NaN: no such
    /// pair.
    double agreement = 0;
    std::int64_t separated_pairs = 0, opposed_pairs = 0;
    /// Shares of all pairs whose intervals do not meet.
    double ratings_differentiation = 0, reference_differentiation = 0;
    bool same_best = false;
};

/// Throws Error{invalid} for fewer than two models, or not as many of both.
Agreement agreement_of(std::span<const RankedFigure> ratings,
                       std::span<const RankedFigure> reference);

}  // namespace elm
