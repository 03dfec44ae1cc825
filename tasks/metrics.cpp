#include "tasks/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// False where one of the classes did not occur.
bool is_defined(const RocCurve& roc) {
    return std::isfinite(roc.false_positive_rate.back()) &&
           std::isfinite(roc.true_positive_rate.back());
}

}  // namespace

RocCurve roc_curve(std::span<const double> scores, std::span<const std::uint8_t> is_positive) {
    ELM_ASSERT(scores.size() == is_positive.size());
    if (!std::all_of(scores.begin(), scores.end(), [](double s) { return std::isfinite(s); })) {
        throw Error(ErrorKind::numeric, "a score is not finite: no ROC curve can be drawn");
    }
    const auto n_positive = std::count_if(is_positive.begin(), is_positive.end(),
                                          [](std::uint8_t flag) { return flag != 0; });
    const auto n_negative = static_cast<std::ptrdiff_t>(scores.size()) - n_positive;
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });

    std::vector<std::int64_t> false_positives, true_positives;
    std::int64_t negatives = 0, positives = 0;
    for (std::size_t at = 0; at < order.size(); ++at) {
        ++(is_positive[order[at]] != 0 ? positives : negatives);
        const bool last_of_score =
            at + 1 == order.size() || scores[order[at + 1]] != scores[order[at]];
        if (!last_of_score) continue;
        false_positives.push_back(negatives);
        true_positives.push_back(positives);
    }

    RocCurve roc;
    const auto add = [&](std::int64_t false_count, std::int64_t true_count) {
        roc.false_positive_rate.push_back(static_cast<double>(false_count) /
                                          static_cast<double>(n_negative));
        roc.true_positive_rate.push_back(static_cast<double>(true_count) /
                                         static_cast<double>(n_positive));
    };
    add(0, 0);
    const auto steps_equal = [](const std::vector<std::int64_t>& counts, std::size_t at) {
        return counts[at + 1] - counts[at] == counts[at] - counts[at - 1];
    };
    for (std::size_t at = 0; at < false_positives.size(); ++at) {
        const bool inner = at > 0 && at + 1 < false_positives.size();
        if (inner && steps_equal(false_positives, at) && steps_equal(true_positives, at)) continue;
        add(false_positives[at], true_positives[at]);
    }
    return roc;
}

double area_under(const RocCurve& roc) {
    double area = 0;
    for (std::size_t at = 1; at < roc.false_positive_rate.size(); ++at) {
        area += (roc.false_positive_rate[at] - roc.false_positive_rate[at - 1]) *
                (roc.true_positive_rate[at] + roc.true_positive_rate[at - 1]) / 2;
    }
    return area;
}

double true_positive_rate_at(const RocCurve& roc, double rate) {
    if (!is_defined(roc)) return std::numeric_limits<double>::quiet_NaN();
    std::size_t best = 1;
    for (std::size_t at = 2; at < roc.false_positive_rate.size(); ++at) {
        if (std::abs(roc.false_positive_rate[at] - rate) <
            std::abs(roc.false_positive_rate[best] - rate)) {
            best = at;
        }
    }
    return roc.true_positive_rate[best];
}

double mean_true_positive_rate(const RocCurve& roc, std::int64_t n_points) {
    if (!is_defined(roc)) return std::numeric_limits<double>::quiet_NaN();
    constexpr double grid_steps = 19999;
    const auto& x = roc.false_positive_rate;
    const auto& y = roc.true_positive_rate;
    double sum = 0;
    for (std::int64_t k = 0; k < n_points; ++k) {
        const double rate = static_cast<double>(k) / grid_steps;
        // The last point at or before `rate` is the highest of those that share its rate.
        const auto after = std::upper_bound(x.begin(), x.end(), rate);
        const auto right = static_cast<std::size_t>(after - x.begin()), left = right - 1;
        const bool at_end = after == x.end();
        const double slope = at_end ? 0 : (y[right] - y[left]) / (x[right] - x[left]);
        sum += y[left] + slope * (rate - x[left]);
    }
    return sum / static_cast<double>(n_points);
}

Interval wilson_interval(double proportion, std::int64_t count) {
    constexpr double z = 1.959963984540054;  // quantile 0.975 of the normal distribution
    const auto n = static_cast<double>(count);
    const double middle = proportion + z * z / (2 * n);
    const double half = z * std::sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n));
    const double scale = 1 + z * z / n;
    // At 0 and 1 an end is the proportion itself, which rounding must not move.
    return {std::clamp((middle - half) / scale, 0.0, proportion),
            std::clamp((middle + half) / scale, proportion, 1.0)};
}

Moments moments(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    const double squares = std::accumulate(
        values.begin(), values.end(), 0.0,
        [&](double sum, double value) { return sum + (value - mean) * (value - mean); });
    return {mean, std::sqrt(squares / count)};
}

FitQuality fit_quality(std::span<const double> target, std::span<const double> prediction) {
    ELM_ASSERT(target.size() == prediction.size());
    std::vector<double> errors(target.size());
    std::transform(target.begin(), target.end(), prediction.begin(), errors.begin(),
                   [](double wanted, double found) { return wanted - found; });
    const double ratio = moments(errors).standard_deviation / moments(target).standard_deviation;
    double squares = 0, absolutes = 0;
    for (const double error : errors) {
        squares += error * error;
        absolutes += std::abs(error);
    }
    const auto count = static_cast<double>(errors.size());
    return {100 * (1 - ratio * ratio), std::sqrt(squares / count), absolutes / count};
}

}  // namespace elm
