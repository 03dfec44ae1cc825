// Ratings against worked examples of the public arenas, and against other ways to the same fit.

#include "tasks/comparison/statistics/bradley_terry.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "tasks/comparison/statistics/online_ratings.h"

namespace elm {
namespace {

/// Wins, losses and ties of a against b.
struct Met {
    std::int64_t a, b;
    double wins, losses, ties;
};
PairTally tally_of(std::int64_t n, const std::vector<Met>& all) {
    PairTally tally(n);
    for (const Met& met : all) {
        tally.won(met.a, met.b) += met.wins + met.ties / 2;
        tally.won(met.b, met.a) += met.losses + met.ties / 2;
    }
    return tally;
}
const std::vector<Met> example{{0, 1, 7, 2, 1}, {0, 2, 8, 1, 1}, {1, 2, 6, 3, 1}};

/// Hunter 2004, doi:10.1214/aos/1079120141: minorisation and maximisation.
std::vector<double> by_mm(const PairTally& tally) {
    const auto n = static_cast<std::size_t>(tally.size());
    std::vector<double> worth(n, 1);
    for (int round = 0; round < 20000; ++round) {
        std::vector<double> next(n);
        double logs = 0;
        for (std::size_t a = 0; a < n; ++a) {
            double won = 0, shares = 0;
            for (std::size_t b = 0; b < n; ++b) {
                if (a == b) continue;
                const auto i = static_cast<std::int64_t>(a), j = static_cast<std::int64_t>(b);
                won += tally.won(i, j);
                shares += tally.games(i, j) / (worth[a] + worth[b]);
            }
            next[a] = won / shares;
            logs += std::log(next[a]);
        }
        for (double& one : next) one *= std::exp(-logs / static_cast<double>(n));
        worth = next;
    }
    for (double& one : worth) one = std::log(one);
    return worth;
}

/// Logistic regression on rows e_a - e_b, every game twice, a tie as one win and one loss; by
/// steepest descent.
std::vector<double> by_regression(std::int64_t n, const std::vector<Met>& all) {
    struct Row {
        std::size_t a, b;
        double won;
    };
    std::vector<Row> rows;
    for (const Met& met : all) {
        const auto a = static_cast<std::size_t>(met.a), b = static_cast<std::size_t>(met.b);
        for (double k = 0; k < 2 * met.wins + met.ties; ++k) rows.push_back({a, b, 1});
        for (double k = 0; k < 2 * met.losses + met.ties; ++k) rows.push_back({a, b, 0});
    }
    std::vector<double> theta(static_cast<std::size_t>(n), 0);
    for (int step = 0; step < 20000; ++step) {
        std::vector<double> gradient(theta.size(), 0);
        for (const Row& row : rows) {
            const double p = 1 / (1 + std::exp(theta[row.b] - theta[row.a]));
            gradient[row.a] += p - row.won;
            gradient[row.b] -= p - row.won;
        }
        for (std::size_t k = 0; k < theta.size(); ++k) {
            theta[k] -= gradient[k] / static_cast<double>(rows.size());
        }
    }
    return theta;
}

TEST(BradleyTerry, has_the_strengths_of_a_worked_example) {
    const std::vector<double> theta = bradley_terry(tally_of(3, example));
    EXPECT_NEAR(theta[0], 0.943606, 1e-6);
    EXPECT_NEAR(theta[1], -0.160161, 1e-6);
    EXPECT_NEAR(theta[2], -0.783445, 1e-6);
    EXPECT_NEAR(elo_points(theta[0]), 1163.9211, 1e-4);
    EXPECT_NEAR(elo_points(theta[1]), 972.1772, 1e-4);
    EXPECT_NEAR(elo_points(theta[2]), 863.9016, 1e-4);
}

TEST(BradleyTerry, agrees_with_two_other_ways_to_the_same_fit) {
    std::vector<std::vector<Met>> cases{example};
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        std::vector<Met> all;
        std::int64_t next = 0;
        const auto count = [&] {
            return static_cast<double>(1 + random_word(RandomKey{seed}, next++) % 9);
        };
        for (std::int64_t a = 0; a < 5; ++a) {
            for (std::int64_t b = a + 1; b < 5; ++b) {
                const double wins = count(), losses = count(), ties = count();
                all.push_back({a, b, wins, losses, ties});
            }
        }
        cases.push_back(all);
    }
    for (const auto& all : cases) {
        const std::int64_t n = all.back().b + 1;
        const PairTally tally = tally_of(n, all);
        const auto theta = bradley_terry(tally), mm = by_mm(tally), rows = by_regression(n, all);
        const double mean =
            std::accumulate(rows.begin(), rows.end(), 0.0) / static_cast<double>(rows.size());
        for (std::size_t k = 0; k < theta.size(); ++k) {
            EXPECT_NEAR(theta[k], mm[k], 1e-6);
            EXPECT_NEAR(theta[k], rows[k] - mean, 1e-6);
        }
    }
}

TEST(BradleyTerry, without_losses_there_are_no_strengths_but_with_a_prior) {
    PairTally tally(3);
    tally.won(0, 1) = 5;
    tally.won(1, 0) = 1;
    tally.won(0, 2) = tally.won(1, 2) = 4;  // the third never wins
    EXPECT_FALSE(tally.is_connected());
    EXPECT_THROW(bradley_terry(tally), Error);
    const std::vector<double> theta = bradley_terry(tally, true);
    EXPECT_GT(theta[0], theta[1]);
    EXPECT_GT(theta[1], theta[2]);
    EXPECT_LT(theta[0] - theta[2], 20);
    EXPECT_THROW(PairTally(1), Error);
}

TEST(BradleyTerry, of_a_circle_is_equal_and_fits_badly) {
    PairTally tally(3);
    for (const auto& [a, b] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 0)}) {
        tally.won(a, b) = 9;
        tally.won(b, a) = 1;
    }
    const std::vector<double> theta = bradley_terry(tally);
    for (const double one : theta) EXPECT_NEAR(one, 0, 1e-9);
    const BradleyTerryFit fit = fit_of(tally, theta);
    EXPECT_EQ(fit.degrees, 1);
    EXPECT_NEAR(fit.chi_squared, 3 * 16 / 2.5, 1e-9);  // three pairs, 4 off, variance 10/4
}

TEST(Elo, follows_a_worked_example) {
    const std::vector<double> ratings =
        elo_ratings(3, {{0, 1, 1}, {1, 2, 0.5}, {2, 0, 0}, {1, 0, 1}, {1, 2, 1}});
    EXPECT_NEAR(ratings[0], 1001.954018, 1e-6);
    EXPECT_NEAR(ratings[1], 1002.034139, 1e-6);
    EXPECT_NEAR(ratings[2], 996.011843, 1e-6);
}

TEST(TrueSkill, follows_worked_examples) {
    Skill winner, loser;
    play(winner, loser, 1);
    EXPECT_NEAR(winner.mean, 29.395832, 1e-4);
    EXPECT_NEAR(loser.mean, 20.604168, 1e-4);
    EXPECT_NEAR(winner.deviation, 7.171476, 1e-4);
    Skill a, b;
    play(a, b, 0.5);
    EXPECT_NEAR(a.mean, 25, 1e-9);
    EXPECT_NEAR(a.deviation, 6.457516, 1e-4);
    Skill weak{20, 3}, strong{30, 2};
    play(strong, weak, 0);  // the weak one wins
    EXPECT_NEAR(weak.mean, 22.587933, 1e-4);
    EXPECT_NEAR(weak.deviation, 2.748468, 1e-4);
    EXPECT_NEAR(strong.mean, 28.848699, 1e-4);
    EXPECT_NEAR(strong.deviation, 1.928576, 1e-4);
}

}  // namespace
}  // namespace elm
