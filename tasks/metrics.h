#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace elm {

/// A receiver operating characteristic: points from (0, 0) to (1, 1), both rates never falling.
struct RocCurve {
    std::vector<double> false_positive_rate;
    std::vector<double> true_positive_rate;
};

/// One point per distinct score, in falling order of scores; of these, every inner point whose
/// steps before and after are equal is left out; then (0, 0) is put in front: scikit-learn's
/// roc_curve with drop_intermediate. `is_positive[i]` tells the class of `scores[i]`. Where a class
/// does not occur, its rate is NaN, and so is every figure below. Throws Error{numeric} for a score
/// that is not finite.
RocCurve roc_curve(std::span<const double> scores, std::span<const std::uint8_t> is_positive);

/// Area by trapezoids: a tie of a positive and a negative counts one half.
double area_under(const RocCurve& roc);

/// True positive rate of the point whose false positive rate is nearest to `rate`, the first in
/// order where several are, never of the point (0, 0). No interpolation.
double true_positive_rate_at(const RocCurve& roc, double rate);

/// Mean of the linearly interpolated true positive rate at k / 19999, k = 0 .. n_points - 1. Where
/// points share a false positive rate, the highest counts there.
double mean_true_positive_rate(const RocCurve& roc, std::int64_t n_points);

/// How a prediction fits a target. All sums in float64.
struct FitQuality {
    double explained_variance_percent;  // 100 (1 - var(target - prediction) / var(target))
    double root_mean_square_error;
    double mean_absolute_error;
};

/// The explained variance is not finite where the target does not vary.
FitQuality fit_quality(std::span<const double> target, std::span<const double> prediction);

struct Interval {
    double low, high;
};

/// The 95 % interval of a proportion that was `proportion` of `count` independent trials, the score
/// interval. Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.
Interval wilson_interval(double proportion, std::int64_t count);

struct Moments {
    double mean;
    double standard_deviation;  // of the population: divided by the count
};
Moments moments(std::span<const double> values);

}  // namespace elm
