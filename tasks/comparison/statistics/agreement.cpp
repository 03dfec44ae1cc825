#include "tasks/comparison/statistics/agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Ranks from 1; equal values share their mean.
std::vector<double> ranks_of(std::span<const double> values) {
    std::vector<double> ranks;
    for (const double value : values) {
        double rank = 1;
        for (const double other : values) rank += other < value ? 1 : other == value ? 0.5 : 0;
        ranks.push_back(rank - 0.5);  // a value is equal to itself
    }
    return ranks;
}

int sign(double value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }

/// 1 where `a` lies wholly above `b`, -1 below, 0 where the intervals meet.
int separated(const RankedFigure& a, const RankedFigure& b) {
    return a.interval.low > b.interval.high ? 1 : a.interval.high < b.interval.low ? -1 : 0;
}

std::size_t best_of(std::span<const RankedFigure> all) {
    const auto best = std::max_element(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    return static_cast<std::size_t>(best - all.begin());
}

std::vector<double> values_of(std::span<const RankedFigure> all) {
    std::vector<double> values;
    for (const RankedFigure& one : all) values.push_back(one.value);
    return values;
}

}  // namespace

double pearson(std::span<const double> a, std::span<const double> b) {
    const Moments of_a = moments(a), of_b = moments(b);
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - of_a.mean) * (b[k] - of_b.mean);
    return sum / static_cast<double>(a.size()) /
           (of_a.standard_deviation * of_b.standard_deviation);
}

double spearman(std::span<const double> a, std::span<const double> b) {
    return pearson(ranks_of(a), ranks_of(b));
}

double kendall(std::span<const double> a, std::span<const double> b) {
    double same = 0, in_a = 0, in_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = i + 1; j < a.size(); ++j) {
            const int of_a = sign(a[i] - a[j]), of_b = sign(b[i] - b[j]);
            same += of_a * of_b;
            in_a += of_a != 0 ? 1 : 0;
            in_b += of_b != 0 ? 1 : 0;
        }
    }
    return same / std::sqrt(in_a * in_b);
}

Agreement agreement_of(std::span<const RankedFigure> ratings,
                       std::span<const RankedFigure> reference) {
    ELM_CHECK(ratings.size() >= 2 && ratings.size() == reference.size(),
              "an agreement of {} and {} ranked models", ratings.size(), reference.size());
    Agreement result{.models = std::ssize(ratings)};
    result.spearman = spearman(values_of(ratings), values_of(reference));
    result.kendall = kendall(values_of(ratings), values_of(reference));
    double sum = 0, pairs = 0;
    for (std::size_t i = 0; i < ratings.size(); ++i) {
        for (std::size_t j = i + 1; j < ratings.size(); ++j) {
            const int rated = separated(ratings[i], ratings[j]);
            const int told = separated(reference[i], reference[j]);
            ++pairs;
            if (rated != 0) ++result.ratings_differentiation;
            if (told == 0) continue;
            ++result.separated_pairs;
            sum += rated * told;
            if (rated * told < 0) ++result.opposed_pairs;
        }
    }
    result.agreement = result.separated_pairs > 0
                           ? sum / static_cast<double>(result.separated_pairs)
                           : std::numeric_limits<double>::quiet_NaN();
    result.ratings_differentiation /= pairs;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        for (std::size_t j = i + 1; j < reference.size(); ++j) {
            if (separated(reference[i], reference[j]) != 0) ++result.reference_differentiation;
        }
    }
    result.reference_differentiation /= pairs;
    result.same_best = best_of(ratings) == best_of(reference);
    return result;
}

}  // namespace elm
