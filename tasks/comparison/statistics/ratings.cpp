#include "tasks/comparison/statistics/ratings.h"

#include <algorithm>
#include <limits>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/statistics/online_ratings.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

constexpr double low_share = 0.025, high_share = 0.975;

/// Outcomes of all samples between run s of contestant a and run t of contestant b, in halves.
class Outcomes {
public:
    Outcomes(const std::vector<Contestant>& contestants, Judge judge, double margin, bool crossed)
        : n_(std::ssize(contestants)),
          n_seeds_(std::ssize(contestants.front().runs)),
          n_samples_(contestants.front().runs.front().size()),
          halves_(static_cast<std::size_t>(n_ * n_ * n_seeds_ * n_seeds_)) {
        for (std::int64_t a = 0; a < n_; ++a) {
            for (std::int64_t b = a + 1; b < n_; ++b) {
                for (std::int64_t s = 0; s < n_seeds_; ++s) {
                    for (std::int64_t t = 0; t < n_seeds_; ++t) {
                        if (!crossed && s != t) continue;
                        fill(judge, margin, run(contestants, a, s), run(contestants, b, t),
                             halves_[index(a, b, s, t)]);
                    }
                }
            }
        }
    }

    std::int64_t n_contestants() const { return n_; }
    std::int64_t n_seeds() const { return n_seeds_; }
    std::int64_t n_samples() const { return n_samples_; }
    const std::vector<std::uint8_t>& of(std::int64_t a, std::int64_t b, std::int64_t s,
                                        std::int64_t t) const {
        return halves_[index(a, b, s, t)];
    }

    /// Samples count `weights` times, and run seeds[a][k] of a meets seeds[b][k] of b.
    PairTally tally(const std::vector<double>& weights,
                    const std::vector<std::vector<std::int64_t>>& seeds) const {
        PairTally tally(n_);
        for (std::int64_t a = 0; a < n_; ++a) {
            for (std::int64_t b = a + 1; b < n_; ++b) {
                double won = 0, games = 0;
                for (std::size_t k = 0; k < seeds.front().size(); ++k) {
                    const auto& halves = of(a, b, seeds[static_cast<std::size_t>(a)][k],
                                            seeds[static_cast<std::size_t>(b)][k]);
                    for (std::size_t i = 0; i < halves.size(); ++i) {
                        won += 0.5 * weights[i] * static_cast<double>(halves[i]);
                        games += weights[i];
                    }
                }
                tally.won(a, b) = won;
                tally.won(b, a) = games - won;
            }
        }
        return tally;
    }

private:
    static const Answers& run(const std::vector<Contestant>& contestants, std::int64_t a,
                              std::int64_t s) {
        return contestants[static_cast<std::size_t>(a)].runs[static_cast<std::size_t>(s)];
    }
    void fill(Judge judge, double margin, const Answers& first, const Answers& second,
              std::vector<std::uint8_t>& halves) const {
        for (std::int64_t i = 0; i < n_samples_; ++i) {
            halves.push_back(
                static_cast<std::uint8_t>(2 * outcome(judge, first, second, i, margin)));
        }
    }
    std::size_t index(std::int64_t a, std::int64_t b, std::int64_t s, std::int64_t t) const {
        return static_cast<std::size_t>(((a * n_ + b) * n_seeds_ + s) * n_seeds_ + t);
    }

    std::int64_t n_, n_seeds_, n_samples_;
    std::vector<std::vector<std::uint8_t>> halves_;
};

using Draws = std::vector<std::vector<std::int64_t>>;  // of seeds, by contestant

/// Every run meets those of its own seed.
Draws all_seeds(const Outcomes& outcomes) {
    std::vector<std::int64_t> each;
    for (std::int64_t s = 0; s < outcomes.n_seeds(); ++s) each.push_back(s);
    return Draws(static_cast<std::size_t>(outcomes.n_contestants()), each);
}

/// Elo points of a round each.
std::vector<std::vector<double>> bootstrap(const Outcomes& outcomes, const RatingOptions& options,
                                           bool seeds_too) {
    const RandomKey of_samples = options.key.for_purpose("rated samples"),
                    of_seeds = options.key.for_purpose("rated seeds");
    std::vector<std::vector<double>> points(static_cast<std::size_t>(options.rounds));
    const Draws together = all_seeds(outcomes);
    Cpu::for_each_task(options.rounds, [&](std::int64_t round) {
        Draws seeds = together;
        for (std::size_t a = 0; seeds_too && a < seeds.size(); ++a) {
            seeds[a] = draw_with_replacement(of_seeds.for_part(static_cast<std::uint32_t>(a)),
                                             round, outcomes.n_seeds(), outcomes.n_seeds());
        }
        const PairTally tally = outcomes.tally(
            bootstrap_weights(of_samples, round, outcomes.n_samples(), options.groups), seeds);
        for (const double strength : bradley_terry(tally, !tally.is_connected())) {
            points[static_cast<std::size_t>(round)].push_back(elo_points(strength));
        }
    });
    return points;
}

Interval interval_of(const std::vector<std::vector<double>>& points, std::size_t contestant) {
    std::vector<double> own;
    for (const auto& round : points) own.push_back(round[contestant]);
    return {percentile(own, low_share), percentile(own, high_share)};
}

/// Games in the order of samples, then seeds, then pairs.
std::vector<Game> games_of(const Outcomes& outcomes) {
    std::vector<Game> games;
    for (std::int64_t i = 0; i < outcomes.n_samples(); ++i) {
        for (std::int64_t s = 0; s < outcomes.n_seeds(); ++s) {
            for (std::int64_t a = 0; a < outcomes.n_contestants(); ++a) {
                for (std::int64_t b = a + 1; b < outcomes.n_contestants(); ++b) {
                    const auto halves = outcomes.of(a, b, s, s)[static_cast<std::size_t>(i)];
                    games.push_back({a, b, 0.5 * static_cast<double>(halves)});
                }
            }
        }
    }
    return games;
}

void check(const std::vector<Contestant>& contestants) {
    ELM_CHECK(contestants.size() >= 2, "ratings of {} models: expected at least 2",
              contestants.size());
    const Contestant& first = contestants.front();
    for (const Contestant& one : contestants) {
        ELM_CHECK(!one.runs.empty() && one.runs.size() == first.runs.size(),
                  "{} has {} runs and {} has {}: each seed of one fights that of the other",
                  first.name, first.runs.size(), one.name, one.runs.size());
        for (const Answers& run : one.runs) {
            ELM_CHECK(run.size() == first.runs.front().size() && run.size() > 0,
                      "{} answered {} samples and {} {}", first.name, first.runs.front().size(),
                      one.name, run.size());
        }
    }
}

void add_online_ratings(const std::vector<Game>& games, double tie_share, Ratings& ratings) {
    const auto n = std::ssize(ratings.rows);
    const std::vector<double> elo = elo_ratings(n, games);
    // The chance of a draw as it was; at its ends there would be no margin, or no win.
    const std::vector<Skill> all =
        skills(n, games, {.draw_probability = std::clamp(tie_share, 0.001, 0.999)});
    for (std::size_t a = 0; a < ratings.rows.size(); ++a) {
        ratings.rows[a].online_elo = elo[a];
        ratings.rows[a].skill = all[a].mean;
        ratings.rows[a].skill_deviation = all[a].deviation;
    }
}

}  // namespace

Ratings rate(const std::vector<Contestant>& contestants, Judge judge,
             const RatingOptions& options) {
    check(contestants);
    const bool seeds_too = options.resamples_seeds && contestants.front().runs.size() > 1;
    const Outcomes outcomes(contestants, judge, options.margin, seeds_too);
    const std::vector<double> once(static_cast<std::size_t>(outcomes.n_samples()), 1);
    Ratings ratings{.judge = judge, .tally = outcomes.tally(once, all_seeds(outcomes))};
    ratings.with_prior = !ratings.tally.is_connected();
    const std::vector<double> strengths = bradley_terry(ratings.tally, ratings.with_prior);
    ratings.fit = fit_of(ratings.tally, strengths);
    const auto of_runs = bootstrap(outcomes, options, false);
    const auto of_models =
        seeds_too ? bootstrap(outcomes, options, true) : std::vector<std::vector<double>>{};
    const auto n = std::ssize(contestants);
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    for (std::int64_t a = 0; a < n; ++a) {
        const auto at = static_cast<std::size_t>(a);
        double won = 0, games = 0;
        for (std::int64_t b = 0; b < n; ++b) {
            won += ratings.tally.won(a, b);
            games += ratings.tally.games(a, b);
        }
        ratings.rows.push_back(
            {.name = contestants[at].name,
             .elo = elo_points(strengths[at]),
             .of_runs = interval_of(of_runs, at),
             .of_model = seeds_too ? interval_of(of_models, at) : Interval{unknown, unknown},
             .win_share = won / games});
    }
    for (Rating& one : ratings.rows) {
        one.rank =
            1 + std::count_if(ratings.rows.begin(), ratings.rows.end(), [&](const Rating& other) {
                return other.of_runs.low > one.of_runs.high;
            });
    }
    const std::vector<Game> games = games_of(outcomes);
    const auto ties = std::count_if(games.begin(), games.end(),
                                    [](const Game& game) { return game.outcome == 0.5; });
    ratings.tie_share = static_cast<double>(ties) / static_cast<double>(games.size());
    add_online_ratings(games, ratings.tie_share, ratings);
    return ratings;
}

}  // namespace elm
