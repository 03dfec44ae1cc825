// Pathfinder images as a set: statistics of the published generator, labels, reproducibility.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tasks/lra/pathfinder/pathfinder.h"
#include "tasks/lra/pathfinder/pathfinder_tables.h"
#include "tests/tasks/data/golden_tasks.h"
#include "tests/tasks/generators/pathfinder_statistics.h"

namespace elm {
namespace {

struct StatisticsCase {
    const char* set;
    PathfinderOptions options;
    int images;
};

/// Two histograms of independent counts are of one distribution: chi-square of two samples over
/// bins of at least ten, whose cube root is normal (Wilson & Hilferty 1931); no more than 4
/// deviations.
void expect_same_distribution(std::vector<double> ours, std::vector<double> theirs,
                              const std::string& name) {
    const std::size_t bins = std::max(ours.size(), theirs.size());
    ours.resize(bins);
    theirs.resize(bins);
    const double n = std::accumulate(ours.begin(), ours.end(), 0.0),
                 m = std::accumulate(theirs.begin(), theirs.end(), 0.0);
    double square = 0, a = 0, b = 0;
    int used = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        a += ours[bin];
        b += theirs[bin];
        if (a + b < 10 && bin + 1 < bins) continue;
        if (a + b == 0) continue;
        const double off = std::sqrt(m / n) * a - std::sqrt(n / m) * b;
        square += off * off / (a + b);
        ++used;
        a = b = 0;
    }
    const double freedom = std::max(1, used - 1), spread = 2 / (9 * freedom);
    EXPECT_LT((std::cbrt(square / freedom) - (1 - spread)) / std::sqrt(spread), 4)
        << name << ": chi-square " << square << " of " << freedom;
}

/// Mean pixels of each grey level in an image; the deviation over images is that of ours.
void expect_same_greys(const test::PathfinderHistograms& ours, const std::vector<double>& theirs,
                       double their_images, const std::string& name) {
    const auto images = static_cast<double>(ours.images);
    for (std::size_t grey = 0; grey < theirs.size(); ++grey) {
        const double mean = ours.grey_sum[grey] / images;
        // At least that of one pixel in all, for levels that next to no image has.
        const double variance =
            std::max(ours.grey_squares[grey] / images - mean * mean, 1 / images);
        const double error = std::sqrt(variance * (1 / images + 1 / their_images));
        EXPECT_NEAR(mean, theirs[grey] / their_images, 4.5 * error) << name << " grey " << grey;
    }
}

class PathfinderStatisticsTest : public ::testing::TestWithParam<StatisticsCase> {};

/// ELM_PATHFINDER_IMAGES=n draws n times as many images and prints what was measured.
TEST_P(PathfinderStatisticsTest, are_those_of_the_published_generator) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const StatisticsCase& one = GetParam();
    const char* const factor = std::getenv("ELM_PATHFINDER_IMAGES");
    const PathfinderGenerator generator(one.options);
    const test::PathfinderStatistics ours = test::pathfinder_statistics(
        generator, 1, one.images * (factor != nullptr ? std::atoll(factor) : 1));
    const std::string group = fmt::format("/pathfinder/{}", one.set);
    EXPECT_EQ(golden.number_attribute(group, "num_distractors"), generator.distractor_count());
    EXPECT_EQ(golden.number_attribute(group, "distractor_length"), generator.distractor_length());
    const auto mean = golden.read<double>(group + "/stats/mean");
    const auto error = golden.read<double>(group + "/stats/standard_error");
    ASSERT_EQ(mean.size(), ours.mean.size());
    for (std::size_t k = 0; k < mean.size(); ++k) {
        const std::string& quantity = test::pathfinder_quantities[k];
        const double allowed = 3 * std::hypot(error[k], ours.standard_error[k]) + 1e-9;
        EXPECT_NEAR(ours.mean[k], mean[k], allowed) << quantity;
        if (factor != nullptr) {
            fmt::print("{:20} {:24} {:10.4f} ({:.4f}), published {:10.4f} ({:.4f}): {:+.1f} se\n",
                       one.set, quantity, ours.mean[k], ours.standard_error[k], mean[k], error[k],
                       3 * (ours.mean[k] - mean[k]) / allowed);
        }
    }
    const test::PathfinderHistograms& counts = ours.histograms;
    const auto histogram = [&](const std::string& name) {
        return golden.read<double>(fmt::format("{}/stats/{}", group, name));
    };
    expect_same_greys(counts, histogram("grey_histogram"), histogram("count").front(), one.set);
    expect_same_distribution(counts.label, histogram("label_hist"), "label");
    expect_same_distribution(counts.margin, histogram("margin_hist"), "margin");
    expect_same_distribution(counts.distractors_placed, histogram("distractors_placed_hist"),
                             "distractors placed");
    expect_same_distribution(counts.seed_angle_first_target,
                             histogram("seed_angle_first_target_hist_deg_m180_to_179"),
                             "first angle of the first contour");
    expect_same_distribution(counts.seed_angle_distractors,
                             histogram("seed_angle_distractors_hist_deg_m180_to_179"),
                             "first angles of distractors");
}

constexpr auto easy = PathfinderDifficulty::easy, intermediate = PathfinderDifficulty::intermediate,
               hard = PathfinderDifficulty::hard;
INSTANTIATE_TEST_SUITE_P(
    sets, PathfinderStatisticsTest,
    ::testing::Values(StatisticsCase{"32_hard", {32, hard}, 2000},
                      StatisticsCase{"32_intermediate", {32, intermediate}, 2000},
                      StatisticsCase{"32_easy", {32, easy}, 2000},
                      StatisticsCase{"32_easy_5_distractors", {32, easy, 5}, 2000},
                      StatisticsCase{"32_hard_10_distractors", {32, hard, 10}, 2000},
                      StatisticsCase{"64_hard", {64, hard}, 200},
                      StatisticsCase{"64_intermediate", {64, intermediate}, 500},
                      StatisticsCase{"64_easy", {64, easy}, 1000},
                      StatisticsCase{"128_hard", {128, hard}, 400},
                      StatisticsCase{"128_intermediate", {128, intermediate}, 500},
                      StatisticsCase{"128_easy", {128, easy}, 500},
                      StatisticsCase{"256_hard", {256, hard}, 300},
                      StatisticsCase{"256_intermediate", {256, intermediate}, 300},
                      StatisticsCase{"256_easy", {256, easy}, 300}),
    [](const auto& one) { return std::string("set_") + one.param.set; });

PathfinderSample drawn(const PathfinderGenerator& generator, std::uint64_t seed,
                       std::uint64_t index) {
    PathfinderWorkspace workspace;
    PathfinderSample sample;
    generator.draw(seed, index, sample, workspace);
    return sample;
}

bool at(const PathfinderPaddle& paddle, const PathfinderPlace& place) {
    return paddle.row == place.row && paddle.column == place.column;
}

TEST(PathfinderGenerator, label_follows_from_the_contours_and_markers) {
    for (const auto difficulty : {intermediate, hard}) {
        for (const int size : {32, 64, 128, 256}) {
            const PathfinderGenerator generator({size, difficulty});
            const auto length = static_cast<std::size_t>(generator.contour_length());
            int ones = 0;
            for (std::uint64_t index = 0; index < 50; ++index) {
                const PathfinderSample sample = drawn(generator, 3, index);
                std::size_t begins = 2, ends = 2;  // which contour carries each marker
                for (std::size_t contour = 0; contour < 2; ++contour) {
                    const PathfinderPaddle* paddle = sample.targets.data() + contour * length;
                    if (at(paddle[0], sample.origin_marker)) begins = contour;
                    if (at(paddle[length - 1], sample.terminal_marker)) ends = contour;
                    // The contour is one: each paddle begins within reach of the last one's far
                    // end.
                    const auto shape = pathfinder::shape_of(size);
                    const double gap = 2 * sample.margin + shape.paddle_length + 2;
                    for (std::size_t k = 2; k < length; ++k) {
                        EXPECT_LE(std::hypot(paddle[k].row - paddle[k - 1].row,
                                             paddle[k].column - paddle[k - 1].column),
                                  gap);
                    }
                }
                ASSERT_LT(begins, 2u);
                ASSERT_LT(ends, 2u);
                EXPECT_EQ(sample.label, begins == ends);
                ones += sample.label;
                const auto width = static_cast<std::size_t>(size);
                for (const PathfinderPlace& place :
                     {sample.origin_marker, sample.terminal_marker}) {
                    EXPECT_GT(sample.image[static_cast<std::size_t>(place.row) * width +
                                           static_cast<std::size_t>(place.column)],
                              150);
                }
            }
            EXPECT_NEAR(ones, 25, 3 * std::sqrt(50 * 0.25)) << size;
        }
    }
}

TEST(PathfinderGenerator, sample_has_the_same_bits_on_any_number_of_threads) {
    const PathfinderGenerator generator({128, PathfinderDifficulty::easy});
    constexpr std::int64_t count = 24;
    std::vector<PathfinderSample> alone(count);
    for (std::size_t k = 0; k < alone.size(); ++k) alone[k] = drawn(generator, 5, k);
    const int before = thread_count();
    for (const int threads : {1, 2, 3}) {
        set_thread_count(threads);
        std::vector<PathfinderSample> samples(count);
        Cpu::for_each_task(4, [&](std::int64_t task) {
            PathfinderWorkspace workspace;
            for (std::int64_t k = count - 1 - task; k >= 0; k -= 4) {
                generator.draw(5, static_cast<std::uint64_t>(k),
                               samples[static_cast<std::size_t>(k)], workspace);
            }
        });
        for (std::size_t k = 0; k < alone.size(); ++k) {
            EXPECT_EQ(samples[k].image, alone[k].image) << threads << " threads, sample " << k;
            EXPECT_EQ(samples[k].label, alone[k].label);
            EXPECT_EQ(samples[k].attempts, alone[k].attempts);
        }
    }
    set_thread_count(before);
}

TEST(PathfinderGenerator, workspace_may_change_between_sizes) {
    const PathfinderGenerator small({32, hard}), large({128, easy});
    PathfinderWorkspace workspace;
    PathfinderSample sample;
    for (std::uint64_t index = 0; index < 4; ++index) {
        large.draw(1, index, sample, workspace);
        EXPECT_EQ(sample.image, drawn(large, 1, index).image);
        small.draw(1, index, sample, workspace);
        EXPECT_EQ(sample.image, drawn(small, 1, index).image);
    }
}

TEST(PathfinderGenerator, samples_and_seeds_differ) {
    const PathfinderGenerator generator({32, hard});
    EXPECT_NE(drawn(generator, 1, 0).image, drawn(generator, 1, 1).image);
    EXPECT_NE(drawn(generator, 1, 0).image, drawn(generator, 2, 0).image);
}

TEST(PathfinderGenerator, refuses_options_that_are_not_there) {
    EXPECT_THROW(PathfinderGenerator({48, hard}), Error);
    EXPECT_THROW(PathfinderGenerator({32, hard, -1}), Error);
    EXPECT_EQ(drawn(PathfinderGenerator({32, hard, 0}), 1, 0).distractors.size(), 0u);
}

}  // namespace
}  // namespace elm
