#include "tasks/comparison/statistics/intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/statistics/resampling.h"
#include "tasks/comparison/statistics/student_t.h"

namespace elm {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double upper_tail = 0.975;

double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Divided by n - 1.
double variance_of(std::span<const double> values) {
    const double mean = mean_of(values);
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size() - 1);
}

double degrees_of(double seed_variance, double n_seeds, double sample_variance, double n_samples) {
    const double total = seed_variance + sample_variance;
    const double parts = (n_seeds > 1 ? seed_variance * seed_variance / (n_seeds - 1) : 0) +
                         (n_samples > 1 ? sample_variance * sample_variance / (n_samples - 1) : 0);
    // Without any spread the degrees do not matter.
    return parts > 0 ? total * total / parts : std::max(1.0, n_seeds - 1);
}

PairedDifference difference_of(double value, double deviation, double degrees) {
    const double half = student_t_quantile(upper_tail, degrees) * deviation;
    const double p = std::isnan(deviation) ? unknown
                     : deviation > 0       ? two_sided_p(value / deviation, degrees)
                     : value == 0          ? 1
                                           : 0;
    return {value, deviation, {value - half, value + half}, p};
}

}  // namespace

SeedEstimate estimate_over_seeds(std::span<const double> scores) {
    ELM_CHECK(!scores.empty(), "an interval over seeds of no run");
    SeedEstimate estimate{mean_of(scores), unknown, {unknown, unknown}, std::ssize(scores)};
    if (scores.size() < 2) return estimate;
    estimate.deviation = std::sqrt(variance_of(scores));
    const auto n = static_cast<double>(scores.size());
    const double half = student_t_quantile(upper_tail, n - 1) * estimate.deviation / std::sqrt(n);
    estimate.interval = {estimate.mean - half, estimate.mean + half};
    return estimate;
}

double SampleFigures::score() const {
    return std::accumulate(sums.begin(), sums.end(), 0.0) /
           std::accumulate(counts.begin(), counts.end(), 0.0);
}

double SampleFigures::score(std::span<const double> weights) const {
    double sum = 0, count = 0;
    for (std::size_t k = 0; k < sums.size(); ++k) {
        sum += weights[k] * sums[k];
        count += weights[k] * counts[k];
    }
    return sum / count;
}

ResampledScores resample(std::span<const SampleFigures> runs, std::int64_t n_rounds,
                         const RandomKey& key) {
    ResampledScores all;
    if (runs.empty()) return all;
    const std::size_t n_samples = runs.front().sums.size();
    for (const SampleFigures& run : runs) {
        ELM_CHECK(run.sums.size() == n_samples && run.counts.size() == n_samples,
                  "runs on {} and on {} samples are not resampled together", n_samples,
                  run.sums.size());
        all.scores.push_back(run.score());
    }
    if (n_samples < 2) return all;
    all.rounds.resize(static_cast<std::size_t>(n_rounds));
    Cpu::for_each_task(n_rounds, [&](std::int64_t round) {
        const std::vector<double> weights =
            bootstrap_weights(key, round, static_cast<std::int64_t>(n_samples));
        std::vector<double>& scores = all.rounds[static_cast<std::size_t>(round)];
        for (const SampleFigures& run : runs) scores.push_back(run.score(weights));
    });
    return all;
}

PairedDifference paired_difference(const ResampledScores& all, std::span<const std::size_t> first,
                                   std::span<const std::size_t> second, std::int64_t n_samples,
                                   const RandomKey& key) {
    ELM_CHECK(first.size() == second.size() && !first.empty(),
              "a paired difference of {} and {} runs", first.size(), second.size());
    const auto n = std::ssize(first);
    const auto seeds = static_cast<double>(n);
    const auto by_seed = [&](const std::vector<double>& scores) {
        std::vector<double> differences;
        for (std::size_t k = 0; k < first.size(); ++k) {
            differences.push_back(scores[first[k]] - scores[second[k]]);
        }
        return differences;
    };
    const std::vector<double> plain = by_seed(all.scores);
    const double value = mean_of(plain);
    const double of_seeds = n > 1 ? variance_of(plain) / seeds : 0;
    if (all.rounds.empty()) {
        if (n == 1) return {value, unknown, {unknown, unknown}, unknown};
        return difference_of(value, std::sqrt(of_seeds), seeds - 1);
    }
    std::vector<double> means, drawn;  // of all seeds, and of those of the round
    const double widening = n > 1 ? std::sqrt(seeds / (seeds - 1)) : 0;
    for (std::size_t round = 0; round < all.rounds.size(); ++round) {
        const std::vector<double> differences = by_seed(all.rounds[round]);
        const double mean = mean_of(differences);
        double sum = 0;
        for (const std::int64_t k :
             draw_with_replacement(key, static_cast<std::int64_t>(round), n, n)) {
            sum += differences[static_cast<std::size_t>(k)];
        }
        means.push_back(mean);
        drawn.push_back(mean + widening * (sum / seeds - mean));
    }
    const double degrees =
        degrees_of(of_seeds, seeds, variance_of(means), static_cast<double>(n_samples));
    return difference_of(value, std::sqrt(variance_of(drawn)), degrees);
}

std::vector<double> holm_adjusted(std::span<const double> p) {
    std::vector<std::size_t> order;
    for (std::size_t k = 0; k < p.size(); ++k) {
        if (!std::isnan(p[k])) order.push_back(k);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> adjusted(p.begin(), p.end());
    double largest = 0;
    for (std::size_t place = 0; place < order.size(); ++place) {
        const auto left = static_cast<double>(order.size() - place);
        largest = std::max(largest, std::min(1.0, left * p[order[place]]));
        adjusted[order[place]] = largest;
    }
    return adjusted;
}

}  // namespace elm
