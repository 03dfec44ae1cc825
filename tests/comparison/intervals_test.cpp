// Intervals and tests against closed forms, and their coverage by simulation.

#include "tasks/comparison/statistics/intervals.h"

#include <array>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/comparison/statistics/resampling.h"
#include "tasks/comparison/statistics/student_t.h"

namespace elm {
namespace {

constexpr double epsilon = 1e-12;

/// Normal numbers of a key, by Box & Muller 1958.
class Normals {
public:
    explicit Normals(std::uint64_t seed) : key_{RandomKey{seed}.for_purpose("simulation")} {}
    double operator()() {
        const double first = unit_uniform<double>(random_word(key_, next_++));
        const double second = unit_uniform<double>(random_word(key_, next_++));
        return std::sqrt(-2 * std::log(1 - first)) * std::cos(2 * std::numbers::pi * second);
    }

private:
    RandomKey key_;
    std::int64_t next_ = 0;
};

TEST(StudentT, has_its_closed_forms) {
    for (const double p : {0.6, 0.9, 0.975, 0.999}) {
        // One degree is a Cauchy distribution; two have a square root.
        EXPECT_NEAR(student_t_quantile(p, 1) / std::tan(std::numbers::pi * (p - 0.5)), 1, 1e-10);
        EXPECT_NEAR(student_t_quantile(p, 2) / ((2 * p - 1) / std::sqrt(2 * p * (1 - p))), 1,
                    1e-10);
    }
    for (const double t : {0.0, 0.3, -2.0, 40.0}) {
        EXPECT_NEAR(two_sided_p(t, 1), 1 - 2 / std::numbers::pi * std::atan(std::abs(t)), epsilon);
    }
    for (const double x : {0.0, 1.0, 7.5}) {
        EXPECT_NEAR(chi_squared_tail(x, 2), std::exp(-x / 2), epsilon);
    }
}

TEST(Resampling, draws_all_samples_alike_and_percentiles_lie_on_lines) {
    constexpr std::int64_t size = 7, rounds = 7000;
    std::array<double, size> total{};
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto weights = bootstrap_weights(RandomKey{3}, round, size);
        double sum = 0;
        for (std::size_t k = 0; k < size; ++k) {
            total[k] += weights[k];
            sum += weights[k];
        }
        ASSERT_EQ(sum, size);
    }
    // Each count is binomial: 5 deviations around its mean.
    const double spread = 5 * std::sqrt(static_cast<double>(rounds) * (1 - 1.0 / size));
    for (const double count : total) EXPECT_NEAR(count, rounds, spread);
    EXPECT_EQ(bootstrap_weights(RandomKey{3}, 5, size), bootstrap_weights(RandomKey{3}, 5, size));
    // Samples of one group are drawn together, wherever they stand.
    const std::vector<std::int64_t> groups{7, 3, 7, 9, 3};
    const std::vector<double> together = bootstrap_weights(RandomKey{3}, 5, 5, groups),
                              of_groups = bootstrap_weights(RandomKey{3}, 5, 3);
    EXPECT_EQ(together,
              (std::vector{of_groups[1], of_groups[0], of_groups[1], of_groups[2], of_groups[0]}));
    EXPECT_EQ(bootstrap_weights(RandomKey{3}, 5, size, {}),
              bootstrap_weights(RandomKey{3}, 5, size));
    EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.25), 1.75);
    EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 1), 4);
    EXPECT_TRUE(std::isnan(percentile({}, 0.5)));
}

TEST(SeedEstimate, is_the_mean_with_students_interval) {
    const std::array<double, 3> scores{1, 2, 4};
    const SeedEstimate estimate = estimate_over_seeds(scores);
    EXPECT_NEAR(estimate.mean, 7.0 / 3, epsilon);
    EXPECT_NEAR(estimate.deviation, std::sqrt(7.0 / 3), epsilon);
    const double t = 0.95 / std::sqrt(2 * 0.975 * 0.025);
    EXPECT_NEAR(estimate.interval.high - estimate.mean, t * std::sqrt(7.0 / 9), 1e-9);
    const std::array<double, 1> one{5};
    EXPECT_TRUE(std::isnan(estimate_over_seeds(one).interval.low));
    EXPECT_THROW(estimate_over_seeds({}), Error);
}

TEST(SeedEstimate, covers_the_mean_in_ninety_five_percent_of_500_pools) {
    int covered = 0;
    for (std::uint64_t pool = 0; pool < 500; ++pool) {
        Normals normal(pool);
        const std::array<double, 3> scores{normal(), normal(), normal()};
        const Interval interval = estimate_over_seeds(scores).interval;
        covered += interval.low <= 0 && interval.high >= 0 ? 1 : 0;
    }
    EXPECT_GE(covered, 460);
    EXPECT_LE(covered, 490);
}

TEST(Holm, adjusts_by_the_definition) {
    const std::array<double, 5> p{0.01, 0.04, NAN, 0.03, 0.005};
    const std::vector<double> adjusted = holm_adjusted(p);
    EXPECT_NEAR(adjusted[0], 0.03, epsilon);
    EXPECT_NEAR(adjusted[1], 0.06, epsilon);
    EXPECT_TRUE(std::isnan(adjusted[2]));
    EXPECT_NEAR(adjusted[3], 0.06, epsilon);
    EXPECT_NEAR(adjusted[4], 0.02, epsilon);
}

/// Runs of two models on the same samples: a difference of `gap`, and spreads of what samples,
/// samples within a model, seeds and single answers add.
struct Pool {
    double gap, of_samples, of_model_samples, of_seeds, of_answers;
    std::size_t n_samples, n_seeds;

    std::vector<SampleFigures> draw(std::uint64_t seed) const {
        Normals normal(seed);
        std::vector<SampleFigures> runs(2 * n_seeds);
        std::vector<double> common(n_samples), own(2 * n_samples);
        for (double& value : common) value = of_samples * normal();
        for (double& value : own) value = of_model_samples * normal();
        for (std::size_t run = 0; run < runs.size(); ++run) {
            const std::size_t model = run / n_seeds;
            const double seed_effect = of_seeds * normal();
            for (std::size_t i = 0; i < n_samples; ++i) {
                runs[run].sums.push_back(common[i] + own[model * n_samples + i] + seed_effect +
                                         of_answers * normal() + (model == 0 ? gap : 0));
                runs[run].counts.push_back(1);
            }
        }
        return runs;
    }
    PairedDifference compare(std::uint64_t seed, std::int64_t rounds) const {
        const RandomKey key{seed};
        const auto all = resample(draw(seed), rounds, key.for_purpose("samples"));
        std::vector<std::size_t> first, second;
        for (std::size_t k = 0; k < n_seeds; ++k) {
            first.push_back(k);
            second.push_back(n_seeds + k);
        }
        return paired_difference(all, first, second, static_cast<std::int64_t>(n_samples),
                                 key.for_purpose("seeds"));
    }
    int covered_of_500() const {
        int covered = 0;
        for (std::uint64_t pool = 0; pool < 500; ++pool) {
            const Interval interval = compare(pool, 100).interval;
            covered += interval.low <= gap && interval.high >= gap ? 1 : 0;
        }
        return covered;
    }
};

TEST(PairedDifference, of_one_seed_has_the_error_of_a_paired_mean) {
    const Pool pool{0.3, 5, 1, 0, 0, 400, 1};
    const auto runs = pool.draw(1);
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < pool.n_samples; ++i) {
        const double difference = runs[0].sums[i] - runs[1].sums[i];
        mean += difference / 400;
        square += difference * difference / 400;
    }
    const double error = std::sqrt((square - mean * mean) / 400);
    const PairedDifference found = pool.compare(1, 4000);
    EXPECT_NEAR(found.value, mean, 1e-9);
    // The deviation of 4000 rounds is known to 1/sqrt(8000); 5 of these.
    EXPECT_NEAR(found.deviation / error, 1, 5 / std::sqrt(8000.0));
    // What samples have in common goes out: unpaired it would be five times as much.
    EXPECT_LT(found.deviation, 0.1);
}

TEST(PairedDifference, of_seeds_alone_is_students_test) {
    ResampledScores scores;
    scores.scores = {1, 2, 4, 0, 3, 1};
    const std::array<std::size_t, 3> first{0, 1, 2}, second{3, 4, 5};
    const PairedDifference found = paired_difference(scores, first, second, 0, RandomKey{});
    EXPECT_NEAR(found.value, 1, epsilon);  // of 1, -1, 3
    EXPECT_NEAR(found.deviation, std::sqrt(4.0 / 3), epsilon);
    EXPECT_NEAR(found.p, two_sided_p(std::sqrt(3.0) / 2, 2), epsilon);
    const std::array<std::size_t, 1> one{0}, other{3};
    EXPECT_TRUE(std::isnan(paired_difference(scores, one, other, 0, RandomKey{}).p));
}

TEST(PairedDifference, covers_the_truth_where_samples_and_seeds_vary) {
    for (const Pool& pool : {Pool{0.3, 1, 0.5, 0.1, 0.3, 60, 3}, Pool{0, 1, 0.2, 0.5, 0.2, 60, 3},
                             Pool{0.1, 1, 0.5, 0.05, 0.3, 60, 8}}) {
        const int covered = pool.covered_of_500();
        EXPECT_GE(covered, 460) << pool.of_seeds;
        EXPECT_LE(covered, 490) << pool.of_seeds;
    }
}

TEST(PairedDifference, a_figure_is_a_ratio_of_sums) {
    SampleFigures figures{{1, 3, 0}, {2, 4, 0}};
    EXPECT_DOUBLE_EQ(figures.score(), 4.0 / 6);
    const std::array<double, 3> weights{2, 1, 5};
    EXPECT_DOUBLE_EQ(figures.score(weights), 5.0 / 8);
    const std::array<SampleFigures, 2> others{figures, SampleFigures{{1}, {1}}};
    EXPECT_THROW(resample(others, 10, RandomKey{}), Error);
}

}  // namespace
}  // namespace elm
