// How sure the scores of a split are, and which of its samples stand for all.

#include "tasks/scores.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elm {
namespace {

TaskSpec spec_of_two_parts() {
    TaskSpec spec;
    spec.loss_parts = {{"near", 1}, {"far", 0.5}};
    spec.metrics = {{.name = "loss"}, {.name = "far"}};
    return spec;
}

TEST(Scores, of_samples_of_one_row_have_the_standard_error_of_a_mean) {
    std::mt19937 random(3);
    std::normal_distribution<double> normal(2, 0.7);
    ScoreSums sums;
    std::vector<double> loss, far;
    for (int k = 0; k < 37; ++k) {
        LossSums one;
        one.parts = {normal(random), normal(random)};
        one.count = 1;
        sums.add(one);
        loss.push_back(one.parts[0] + 0.5 * one.parts[1]);
        far.push_back(one.parts[1]);
    }
    const Scores scores = sums.scores(spec_of_two_parts());
    EXPECT_EQ(scores.samples, 37);
    for (std::size_t m = 0; m < 2; ++m) {
        const std::vector<double>& values = m == 0 ? loss : far;
        double mean = 0, squares = 0;
        for (const double value : values) mean += value / 37;
        for (const double value : values) squares += (value - mean) * (value - mean);
        EXPECT_NEAR(scores.values[m], mean, 1e-14);
        EXPECT_NEAR(scores.standard_errors[m], std::sqrt(squares / 36 / 37), 1e-14);
    }
}

/// Answers within a sample are alike: an interval over samples must cover the truth as often as it
/// says, which one over rows does not.
TEST(Scores, of_samples_of_many_rows_cover_the_truth) {
    std::mt19937 random(5);
    std::normal_distribution<double> normal;
    std::uniform_int_distribution<int> rows(5, 40);
    constexpr int trials = 2000, samples = 60;
    TaskSpec spec;
    spec.loss_parts = {{"loss", 1}};
    spec.metrics = {{.name = "loss"}};
    int covered = 0, covered_by_rows = 0;
    for (int trial = 0; trial < trials; ++trial) {
        ScoreSums sums;
        double squares = 0;
        std::int64_t n_rows = 0;
        for (int k = 0; k < samples; ++k) {
            const double own = normal(random);
            LossSums one;
            one.count = rows(random);
            for (std::int64_t r = 0; r < one.count; ++r) {
                const double value = own + normal(random);
                one.parts[0] += value;
                squares += value * value;
            }
            n_rows += one.count;
            sums.add(one);
        }
        const Scores scores = sums.scores(spec);
        const double by_rows = std::sqrt(squares / static_cast<double>(n_rows)) /
                               std::sqrt(static_cast<double>(n_rows));
        covered += std::abs(scores.values[0]) < 1.96 * scores.standard_errors[0];
        covered_by_rows += std::abs(scores.values[0]) < 1.96 * by_rows;
    }
    // Five standard deviations of a binomial number, and 1 % for sixty samples being few.
    const double deviation = std::sqrt(0.95 * 0.05 / trials);
    EXPECT_NEAR(static_cast<double>(covered) / trials, 0.95, 5 * deviation + 0.01);
    EXPECT_LT(static_cast<double>(covered_by_rows) / trials, 0.7);
}

TEST(Scores, of_one_sample_have_no_standard_error) {
    ScoreSums sums;
    LossSums one;
    one.parts[0] = 3;
    one.count = 2;
    sums.add(one);
    TaskSpec spec;
    spec.loss_parts = {{"loss", 1}};
    spec.metrics = {{.name = "loss"}};
    const Scores scores = sums.scores(spec);
    EXPECT_EQ(scores.values.front(), 1.5);
    EXPECT_TRUE(std::isnan(scores.standard_errors.front()));
}

TEST(SpreadPieces, are_all_samples_or_some_of_every_part) {
    for (const std::int64_t total : {1, 7, 100, 1001}) {
        for (const std::int64_t some : {0, 1, 3, 9, 50, 99, 100, 5000}) {
            for (const std::int64_t most : {1, 16, 256}) {
                const std::int64_t wanted = some == 0 ? total : std::min(some, total);
                std::int64_t count = 0, next = 0, longest_gap = 0;
                for (const Piece& piece : spread_pieces(total, some, most)) {
                    ASSERT_GE(piece.first, next);  // no sample twice
                    ASSERT_GT(piece.count, 0);
                    ASSERT_LE(piece.count, most);
                    longest_gap = std::max(longest_gap, piece.first - next);
                    next = piece.first + piece.count;
                    count += piece.count;
                }
                ASSERT_LE(next, total);
                EXPECT_EQ(count, wanted) << total << " " << some << " " << most;
                longest_gap = std::max(longest_gap, total - next);
                if (wanted >= 8) {
                    EXPECT_LE(longest_gap, total / 5);
                }
            }
        }
    }
}

}  // namespace
}  // namespace elm
