// Ratings of models from scores of samples: what must hold exactly, and coverage by simulation.

#include "tasks/comparison/statistics/ratings.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/comparison/statistics/agreement.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

/// Answers of models of different abilities to samples of different difficulty (Rasch 1960): right
/// with probability 1/(1 + exp(difficulty - ability)).
class Pool {
public:
    Pool(std::uint64_t seed, std::vector<double> abilities, std::int64_t n_samples)
        : key_(RandomKey{seed}.for_purpose("pool")) {
        std::vector<double> difficulty;
        for (std::int64_t i = 0; i < n_samples; ++i) difficulty.push_back(4 * uniform() - 2);
        for (std::size_t m = 0; m < abilities.size(); ++m) {
            Answers answers;
            for (const double hard : difficulty) {
                const double p = 1 / (1 + std::exp(hard - abilities[m]));
                const double sure = uniform();
                const double right = uniform() < p ? 1 : 0;
                answers.right.push_back(right);
                answers.score.push_back(1 + 9 * (right == 1 ? 0.5 + sure / 2 : sure / 2));
                answers.raw_score.push_back(1 + 9 * sure);
            }
            contestants.push_back({std::string(1, static_cast<char>('a' + m)), {answers}});
        }
    }
    std::vector<Contestant> contestants;

private:
    double uniform() { return unit_uniform<double>(random_word(key_, next_++)); }
    RandomKey key_;
    std::int64_t next_ = 0;
};

double accuracy(const Contestant& one) {
    const auto& right = one.runs.front().right;
    return std::accumulate(right.begin(), right.end(), 0.0) / static_cast<double>(right.size());
}

RatingOptions quick(std::int64_t rounds = 20) { return {.rounds = rounds, .key = RandomKey{1}}; }

TEST(Judge, says_the_opposite_with_the_sides_swapped) {
    const Pool pool(1, {0, 0.5}, 200);
    const Answers &a = pool.contestants[0].runs[0], &b = pool.contestants[1].runs[0];
    for (const Judge judge : judges_of(a)) {
        int decided = 0;
        for (std::int64_t i = 0; i < a.size(); ++i) {
            const double one = outcome(judge, a, b, i, 0.1);
            ASSERT_EQ(one, 1 - outcome(judge, b, a, i, 0.1));
            decided += one == 0.5 ? 0 : 1;
        }
        EXPECT_GT(decided, 20) << name_of(judge);
    }
    EXPECT_EQ(judges_of(Answers{{}, {5}, {5}}), std::vector{Judge::calibrated});
}

TEST(Judge, decides_by_label_then_confidence_or_by_score) {
    const Answers sure{{1, 1, 0, 0}, {9, 9, 2, 4}, {9, 9, 2, 4}},
        unsure{{1, 0, 0, 1}, {6, 2, 4, 6}, {9.05, 2, 4, 6}};
    const auto all = [&](Judge judge) {
        std::vector<double> outcomes;
        for (std::int64_t i = 0; i < 4; ++i) {
            outcomes.push_back(outcome(judge, sure, unsure, i, 0.1));
        }
        return outcomes;
    };
    EXPECT_EQ(all(Judge::label), (std::vector{0.5, 1.0, 0.5, 0.0}));
    EXPECT_EQ(all(Judge::label_confidence), (std::vector{1.0, 1.0, 0.5, 0.0}));
    EXPECT_EQ(all(Judge::calibrated), (std::vector{1.0, 1.0, 0.0, 0.0}));
    EXPECT_EQ(all(Judge::uncalibrated), (std::vector{0.5, 1.0, 0.0, 0.0}));
}

TEST(Judge, scores_are_one_to_ten) {
    const std::vector<double> classes = scores_of({0, std::log(2.0), 1e9, -1e-9}, std::nullopt);
    EXPECT_DOUBLE_EQ(classes[0], 10);
    EXPECT_DOUBLE_EQ(classes[1], 5.5);  // the right class has half of the probability
    EXPECT_DOUBLE_EQ(classes[2], 1);
    EXPECT_DOUBLE_EQ(classes[3], 10);
    EXPECT_DOUBLE_EQ(scores_of({3}, 3.0)[0], 1 + 9 * std::exp(-1.0));
}

TEST(Ratings, judged_by_labels_are_in_the_order_of_accuracy) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Pool pool(seed, {-0.5, 0, 0.1, 0.2, 1}, 60);
        const Ratings ratings = rate(pool.contestants, Judge::label, quick(1));
        for (std::size_t i = 0; i < 5; ++i) {
            for (std::size_t j = 0; j < 5; ++j) {
                const double more = accuracy(pool.contestants[i]) - accuracy(pool.contestants[j]);
                const double higher = ratings.rows[i].elo - ratings.rows[j].elo;
                ASSERT_TRUE(std::abs(more) < 1e-12 ? std::abs(higher) < 1e-6 : more * higher > 0)
                    << "pool " << seed;
            }
        }
    }
}

TEST(Ratings, do_not_depend_on_the_order_of_models_nor_on_samples_given_twice) {
    const Pool pool(3, {-0.5, 0, 0.7}, 80);
    const Ratings plain = rate(pool.contestants, Judge::calibrated, quick());
    std::vector<Contestant> turned(pool.contestants.rbegin(), pool.contestants.rend());
    const Ratings other = rate(turned, Judge::calibrated, quick());
    std::vector<Contestant> twice = pool.contestants;
    for (Contestant& one : twice) {
        Answers& run = one.runs.front();
        for (auto* values : {&run.right, &run.score, &run.raw_score}) {
            const std::vector<double> copy = *values;
            values->insert(values->end(), copy.begin(), copy.end());
        }
    }
    const Ratings doubled = rate(twice, Judge::calibrated, quick());
    for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(plain.rows[k].elo, other.rows[2 - k].elo, 1e-6);
        EXPECT_NEAR(plain.rows[k].elo, doubled.rows[k].elo, 1e-6);
        EXPECT_DOUBLE_EQ(plain.rows[k].win_share, doubled.rows[k].win_share);
    }
}

TEST(Ratings, of_a_model_are_less_certain_than_those_of_its_runs) {
    // Two seeds each; those of the second model differ a lot.
    const Pool pool(5, {0, 0.1, -1.5, 1.5}, 200);
    const auto run = [&](std::size_t k) { return pool.contestants[k].runs.front(); };
    const std::vector<Contestant> pair{{"steady", {run(0), run(1)}}, {"erratic", {run(2), run(3)}}};
    const Ratings ratings = rate(pair, Judge::label, quick(300));
    for (const Rating& row : ratings.rows) {
        EXPECT_GT(row.of_model.high - row.of_model.low, 2 * (row.of_runs.high - row.of_runs.low));
    }
    EXPECT_TRUE(std::isnan(
        rate({{"a", {run(0)}}, {"b", {run(1)}}}, Judge::label, quick()).rows.front().of_model.low));
}

TEST(Ratings, refuse_runs_that_do_not_meet) {
    const Pool pool(5, {0, 1}, 20), longer(5, {0, 1}, 21);
    EXPECT_THROW(rate({pool.contestants[0]}, Judge::label), Error);
    EXPECT_THROW(rate({pool.contestants[0], longer.contestants[1]}, Judge::label), Error);
    Contestant two = pool.contestants[1];
    two.runs.push_back(two.runs.front());
    EXPECT_THROW(rate({pool.contestants[0], two}, Judge::label), Error);
}

/// The strengths that infinitely many samples of a pool would have, in points.
std::vector<double> true_points(const std::vector<double>& abilities) {
    PairTally tally(std::ssize(abilities));
    constexpr int steps = 2000;
    for (int k = 0; k < steps; ++k) {
        const double hard = -2 + 4 * (k + 0.5) / steps;
        for (std::int64_t a = 0; a < tally.size(); ++a) {
            for (std::int64_t b = 0; b < tally.size(); ++b) {
                if (a == b) continue;
                const auto right = [&](std::int64_t m) {
                    return 1 / (1 + std::exp(hard - abilities[static_cast<std::size_t>(m)]));
                };
                const double wins = right(a) * (1 - right(b)), losses = right(b) * (1 - right(a));
                tally.won(a, b) += (wins + (1 - wins - losses) / 2) / steps;
            }
        }
    }
    std::vector<double> points;
    for (const double strength : bradley_terry(tally)) points.push_back(elo_points(strength));
    return points;
}

TEST(Ratings, cover_the_truth_in_ninety_five_percent_of_500_pools) {
    const std::vector<double> abilities{-0.6, -0.2, 0.2, 0.6};
    const std::vector<double> truth = true_points(abilities);
    int covered = 0;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const Pool pool(1000 + seed, abilities, 100);
        const Ratings ratings =
            rate(pool.contestants, Judge::label, {.rounds = 150, .key = RandomKey{seed}});
        for (std::size_t k = 0; k < truth.size(); ++k) {
            const Interval& interval = ratings.rows[k].of_runs;
            covered += interval.low <= truth[k] && truth[k] <= interval.high ? 1 : 0;
        }
    }
    EXPECT_GE(covered, 4 * 460);
    EXPECT_LE(covered, 4 * 490);
}

/// Width of the interval of the first contestant where games are drawn as if they did not share
/// samples.
double battle_width(const std::vector<Contestant>& all, std::uint64_t seed) {
    const auto n = std::ssize(all);
    std::vector<double> points;
    for (std::int64_t round = 0; round < 100; ++round) {
        PairTally tally(n);
        std::uint32_t pair = 0;
        for (std::int64_t a = 0; a < n; ++a) {
            for (std::int64_t b = a + 1; b < n; ++b, ++pair) {
                const Answers &first = all[static_cast<std::size_t>(a)].runs.front(),
                              &second = all[static_cast<std::size_t>(b)].runs.front();
                for (const std::int64_t i : draw_with_replacement(
                         RandomKey{seed}.for_part(pair), round, first.size(), first.size())) {
                    const double won = outcome(Judge::label, first, second, i, 0);
                    tally.won(a, b) += won;
                    tally.won(b, a) += 1 - won;
                }
            }
        }
        points.push_back(elo_points(bradley_terry(tally, true).front()));
    }
    return percentile(points, 0.975) - percentile(points, 0.025);
}

TEST(Ratings, have_intervals_that_would_be_too_narrow_over_games) {
    const std::vector<double> abilities{-0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.7};
    double of_games = 0, of_samples = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const Pool pool(seed, abilities, 150);
        of_games += battle_width(pool.contestants, seed);
        const Interval own = rate(pool.contestants, Judge::label, quick(100)).rows[0].of_runs;
        of_samples += own.high - own.low;
    }
    // Half as wide with eight models; a tenth of room for the error of 5 times 100 rounds.
    EXPECT_LT(of_games, 0.6 * of_samples);
}

TEST(Agreement, follows_a_worked_example) {
    const std::vector<RankedFigure> reference{
        {91, {90, 92}}, {86.5, {85, 88}}, {85, {84, 86}}, {72.5, {70, 75}}};
    const std::vector<RankedFigure> ratings{
        {1200, {1190, 1210}}, {1165, {1150, 1180}}, {1182, {1170, 1195}}, {1010, {1000, 1020}}};
    const Agreement found = agreement_of(ratings, reference);
    EXPECT_NEAR(found.spearman, 0.8, 1e-12);
    EXPECT_NEAR(found.kendall, 4.0 / 6, 1e-12);
    EXPECT_NEAR(found.agreement, 0.8, 1e-12);
    EXPECT_EQ(found.separated_pairs, 5);
    EXPECT_EQ(found.opposed_pairs, 0);
    EXPECT_NEAR(found.ratings_differentiation, 4.0 / 6, 1e-12);
    EXPECT_NEAR(found.reference_differentiation, 5.0 / 6, 1e-12);
    EXPECT_TRUE(found.same_best);
    EXPECT_THROW(agreement_of(ratings, std::span(reference).first(3)), Error);
}

TEST(Agreement, pearson_of_a_worked_example) {
    // Deviations -1.5 -0.5 0.5 1.5 against those of 2 4 6 8.5 from 5.125.
    const double products = 1.5 * 3.125 + 0.5 * 1.125 + 0.5 * 0.875 + 1.5 * 3.375;
    const double squares = 3.125 * 3.125 + 1.125 * 1.125 + 0.875 * 0.875 + 3.375 * 3.375;
    EXPECT_NEAR(pearson({{1, 2, 3, 4}}, {{2, 4, 6, 8.5}}), products / std::sqrt(5 * squares),
                1e-12);
    EXPECT_TRUE(std::isnan(pearson({{1, 1}}, {{1, 2}})));
}

TEST(Agreement, ranks_with_ties_are_means) {
    const std::vector<double> a{1, 2, 2, 3}, b{10, 30, 20, 40};
    // Ranks 1 2.5 2.5 4 against 1 3 2 4.
    EXPECT_NEAR(spearman(a, b), 4.5 / std::sqrt(4.5 * 5), 1e-12);
    EXPECT_NEAR(kendall(a, b), 5 / std::sqrt(5.0 * 6), 1e-12);
    EXPECT_TRUE(std::isnan(spearman({{1, 1}}, {{1, 2}})));
}

}  // namespace
}  // namespace elm
