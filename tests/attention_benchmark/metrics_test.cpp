// Metrics of the benchmark against the published check vectors, closed forms and naive loops.

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "tasks/attention_benchmark/image_quality.h"
#include "tasks/attention_benchmark/mel_distance.h"
#include "tasks/attention_benchmark/point_distance.h"
#include "tasks/attention_benchmark/rouge.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

/// Of a few additions of numbers about 1, 2.2e-16 each.
constexpr double rounding = 1e-12;
/// The published F has 1e-8 added to its divisor, precision and recall, of 1 at least here.
constexpr double published_epsilon = 1e-8;

std::vector<double> draw(std::size_t count, std::uint32_t purpose) {
    std::vector<double> values;
    for (std::size_t k = 0; k < count; ++k) {
        values.push_back(unit_uniform<double>(
            random_word(RandomKey{.seed = 3, .purpose = purpose}, static_cast<std::int64_t>(k))));
    }
    return values;
}

TEST(Rouge, of_the_check_sentence_in_both_versions) {
    const char *const summary = "the cat sat", *const reference = "the cat sat on the mat";
    const RougeScore sets = rouge_n(summary, reference, 1, RougeVersion::sets);
    EXPECT_NEAR(sets.precision, 1, rounding);
    EXPECT_NEAR(sets.recall, 3.0 / 5, rounding);
    EXPECT_NEAR(sets.f, 0.75, published_epsilon);
    const RougeScore counts = rouge_n(summary, reference, 1, RougeVersion::counts);
    EXPECT_NEAR(counts.recall, 3.0 / 6, rounding);
    EXPECT_NEAR(counts.f, 2.0 / 3, published_epsilon);
    EXPECT_NEAR(rouge_n(summary, reference, 2, RougeVersion::sets).recall, 2.0 / 5, rounding);
}

TEST(Rouge, longest_subsequences_are_united_over_sentences) {
    // Lin 2004, section 3.2: reference w1 w2 w3 w4 w5, of which w1 w2 and w1 w3 w5 are common.
    const RougeScore score =
        rouge_l("w1 w2 w6 w7 w8 . w1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", RougeVersion::counts);
    EXPECT_NEAR(score.recall, 4.0 / 5, rounding);
    EXPECT_NEAR(score.precision, 4.0 / 10, rounding);
    const RougeScore sets =
        rouge_l("w1 w2 w6 w7 w8 . w1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", RougeVersion::sets);
    EXPECT_NEAR(sets.recall, 4.0 / 5, rounding);
    EXPECT_NEAR(sets.precision, 4.0 / 8, rounding);
}

TEST(Rouge, the_order_counts_in_the_longest_subsequence_alone) {
    EXPECT_NEAR(rouge_n("c b a", "a b c", 1, RougeVersion::counts).f, 1, published_epsilon);
    EXPECT_NEAR(rouge_l("c b a", "a b c", RougeVersion::counts).recall, 1.0 / 3, rounding);
    EXPECT_EQ(rouge_n("", "a b", 1, RougeVersion::sets).f, 0);
    EXPECT_EQ(rouge_n("a", "a b", 2, RougeVersion::sets).f, 0);
    EXPECT_THROW(rouge_n("a", "a", 0, RougeVersion::sets), Error);
}

TEST(MelDistance, warps_the_check_frames) {
    const Frames recorded{.values = {0, 1, 2}, .width = 1}, spoken{.values = {0, 2, 2}, .width = 1};
    EXPECT_NEAR(warped_distance(recorded, spoken), 1, rounding);
    EXPECT_NEAR(warped_distance(recorded, spoken) / 3, 1.0 / 3, rounding);
    EXPECT_EQ(warped_distance(recorded, recorded), 0);
}

/// All paths of steps right, diagonal and down, one after the other.
double least_over_all_paths(const Frames& a, const Frames& b, std::int64_t i, std::int64_t j) {
    double own = 0;
    for (std::int64_t k = 0; k < a.width; ++k) {
        const double d =
            a.at(i)[static_cast<std::size_t>(k)] - b.at(j)[static_cast<std::size_t>(k)];
        own += d * d / static_cast<double>(a.width);
    }
    double best = i == 0 && j == 0 ? 0 : INFINITY;
    if (i > 0) best = std::min(best, least_over_all_paths(a, b, i - 1, j));
    if (j > 0) best = std::min(best, least_over_all_paths(a, b, i, j - 1));
    if (i > 0 && j > 0) best = std::min(best, least_over_all_paths(a, b, i - 1, j - 1));
    return best + std::sqrt(own);
}

TEST(MelDistance, is_the_least_over_all_paths) {
    const Frames a{.values = draw(5 * 3, 1), .width = 3}, b{.values = draw(6 * 3, 2), .width = 3};
    EXPECT_NEAR(warped_distance(a, b), least_over_all_paths(a, b, 4, 5), rounding);
    EXPECT_THROW(warped_distance(a, {.values = {1, 2}, .width = 2}), Error);
    EXPECT_THROW(warped_distance(a, {}), Error);
}

TEST(MelDistance, all_cepstra_keep_the_length_of_a_frame) {
    const Frames mels{.values = draw(2 * 8, 3), .width = 8};
    const Frames whole = cepstra(mels, 8);
    for (std::int64_t frame = 0; frame < 2; ++frame) {
        double before = 0, after = 0, sum = 0;
        for (std::size_t k = 0; k < 8; ++k) {
            before += mels.at(frame)[k] * mels.at(frame)[k];
            after += whole.at(frame)[k] * whole.at(frame)[k];
            sum += mels.at(frame)[k];
        }
        EXPECT_NEAR(before, after, rounding);
        EXPECT_NEAR(whole.at(frame)[0], sum / std::sqrt(8.0), rounding);
    }
    EXPECT_EQ(cepstra(mels, 3).values[2], whole.values[2]);
    EXPECT_THROW(cepstra(mels, 9), Error);
}

TEST(ImageQuality, peak_signal_to_noise) {
    const std::vector<double> a{0, 10, 20}, b{3, 10, 16};
    EXPECT_NEAR(peak_signal_to_noise(a, b), 10 * std::log10(255.0 * 255 * 3 / 25), 100 * rounding);
    EXPECT_TRUE(std::isinf(peak_signal_to_noise(a, a)));
    EXPECT_EQ(grey_level(-1), 0);
    EXPECT_EQ(grey_level(1.5), 255);
    EXPECT_EQ(grey_level(0), 128);  // 127.5 goes away from 0
    EXPECT_THROW(peak_signal_to_noise(a, {}), Error);
}

/// One window of one channel, as the definition says.
double naive_similarity(const std::vector<double>& a, const std::vector<double>& b) {
    double total = 0, ma = 0, mb = 0;
    std::vector<double> weights;
    for (int row = -5; row <= 5; ++row) {
        for (int column = -5; column <= 5; ++column) {
            weights.push_back(std::exp(-(row * row + column * column) / 4.5));
            total += weights.back();
        }
    }
    for (std::size_t k = 0; k < weights.size(); ++k) {
        ma += weights[k] / total * a[k];
        mb += weights[k] / total * b[k];
    }
    double va = 0, vb = 0, ab = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        va += weights[k] / total * (a[k] - ma) * (a[k] - ma);
        vb += weights[k] / total * (b[k] - mb) * (b[k] - mb);
        ab += weights[k] / total * (a[k] - ma) * (b[k] - mb);
    }
    return (2 * ma * mb + 6.5025) * (2 * ab + 58.5225) /
           ((ma * ma + mb * mb + 6.5025) * (va + vb + 58.5225));
}

TEST(ImageQuality, structural_similarity_of_one_window) {
    std::vector<double> a = draw(121, 5), b = draw(121, 6);
    for (std::size_t k = 0; k < a.size(); ++k) {
        a[k] *= 255;
        b[k] = 0.5 * a[k] + 100 * b[k];
    }
    // Variances are differences of sums of 121 squares up to 255^2, held against 58.5225:
    // 121 x 255^2 x 2^-52 / 58.5225 = 3e-11, twice.
    EXPECT_NEAR(structural_similarity(a, b, {11, 11, 1}), naive_similarity(a, b), 6e-11);
    EXPECT_NEAR(structural_similarity(a, a, {11, 11, 1}), 1, rounding);
    EXPECT_THROW(structural_similarity(a, b, {121, 1, 1}), Error);
}

TEST(PointDistance, of_the_check_clouds) {
    const std::vector<double> p{0, 0, 0}, q{0, 0, 0, 0.02, 0, 0};
    const CloudDistance distance = cloud_distance(p, q);
    EXPECT_NEAR(1000 * distance.l2, 0.2, rounding);
    EXPECT_NEAR(1000 * distance.l1, 5.0, rounding);
    EXPECT_NEAR(distance.f, 2.0 / 3, rounding);  // all of p is near, half of q
    EXPECT_THROW(cloud_distance(p, {}), Error);
}

TEST(PointDistance, the_gradient_is_that_of_the_loss) {
    std::vector<double> p = draw(7 * 3, 8);
    const std::vector<double> q = draw(9 * 3, 9);
    std::vector<double> slope(p.size()), unused(p.size());
    EXPECT_NEAR(cloud_loss(p, q, slope), cloud_distance(p, q).l1, rounding);
    // Sums about 1 are off by a few 2^-52, their difference over 2 h by 1e-10 and a few; h^2 times
    // a third derivative of the distance of near points, 3 / (0.1)^2, is less.
    constexpr double h = 1e-6, of_differences = 1e-9;
    for (std::size_t k = 0; k < p.size(); ++k) {
        const double value = p[k];
        p[k] = value + h;
        const double above = cloud_loss(p, q, unused);
        p[k] = value - h;
        const double below = cloud_loss(p, q, unused);
        p[k] = value;
        EXPECT_NEAR(slope[k], (above - below) / (2 * h), of_differences) << k;
    }
}

}  // namespace
}  // namespace elm
