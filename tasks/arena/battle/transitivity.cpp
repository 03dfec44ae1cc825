#include "tasks/arena/battle/transitivity.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

/// Wins of a over b by sample, for a < b, one pair after the other.
std::vector<std::vector<double>> outcomes_of(const std::vector<Contestant>& all, Judge judge,
                                             double margin) {
    std::vector<std::vector<double>> pairs;
    for (std::size_t a = 0; a < all.size(); ++a) {
        for (std::size_t b = a + 1; b < all.size(); ++b) {
            std::vector<double>& own = pairs.emplace_back();
            const Answers &first = all[a].runs.front(), &second = all[b].runs.front();
            for (std::int64_t i = 0; i < first.size(); ++i) {
                own.push_back(outcome(judge, first, second, i, margin));
            }
        }
    }
    return pairs;
}

/// Observed less expected wins of each pair, and the chance that the strengths give.
struct Residuals {
    std::vector<double> difference, chance;
    double games = 0;
};

Residuals residuals_of(const std::vector<std::vector<double>>& pairs, std::int64_t n,
                       const std::vector<double>& weights) {
    PairTally tally(n);
    std::size_t pair = 0;
    for (std::int64_t a = 0; a < n; ++a) {
        for (std::int64_t b = a + 1; b < n; ++b, ++pair) {
            double won = 0, games = 0;
            for (std::size_t i = 0; i < weights.size(); ++i) {
                won += weights[i] * pairs[pair][i];
                games += weights[i];
            }
            tally.won(a, b) = won;
            tally.won(b, a) = games - won;
        }
    }
    const std::vector<double> theta = bradley_terry(tally, !tally.is_connected());
    Residuals residuals;
    for (std::int64_t a = 0; a < n; ++a) {
        for (std::int64_t b = a + 1; b < n; ++b) {
            const double p = 1 / (1 + std::exp(theta[static_cast<std::size_t>(b)] -
                                               theta[static_cast<std::size_t>(a)]));
            residuals.games = tally.games(a, b);
            residuals.chance.push_back(p);
            residuals.difference.push_back(tally.won(a, b) - residuals.games * p);
        }
    }
    return residuals;
}

double chi_squared(const Residuals& of, const std::vector<double>& less) {
    double sum = 0;
    for (std::size_t k = 0; k < of.difference.size(); ++k) {
        const double difference = of.difference[k] - (less.empty() ? 0 : less[k]);
        const double variance = of.games * of.chance[k] * (1 - of.chance[k]);
        if (variance > 0) sum += difference * difference / variance;
    }
    return sum;
}

}  // namespace

Transitivity transitivity(const std::vector<Contestant>& contestants, Judge judge,
                          const RatingOptions& options) {
    ELM_CHECK(contestants.size() >= 2, "{} models do not meet each other.", contestants.size());
    const auto pairs = outcomes_of(contestants, judge, options.margin);
    const std::int64_t n = std::ssize(contestants), n_samples = std::ssize(pairs.front());
    const Residuals found = residuals_of(pairs, n, std::vector<double>(pairs.front().size(), 1));
    Transitivity result{.chi_squared = chi_squared(found, {})};
    if (n < 3) return result;
    const RandomKey key = options.key.for_purpose("transitivity");
    std::vector<char> exceeds(static_cast<std::size_t>(options.rounds), 0);
    Cpu::for_each_task(options.rounds, [&](std::int64_t round) {
        const Residuals drawn =
            residuals_of(pairs, n, bootstrap_weights(key, round, n_samples, options.groups));
        exceeds[static_cast<std::size_t>(round)] =
            chi_squared(drawn, found.difference) >= result.chi_squared ? 1 : 0;
    });
    const auto count = std::count(exceeds.begin(), exceeds.end(), 1);
    result.p = static_cast<double>(1 + count) / static_cast<double>(1 + options.rounds);
    return result;
}

}  // namespace elm
