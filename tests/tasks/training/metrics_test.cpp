#include "tasks/metrics.h"

#include <cmath>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"

namespace elm {
namespace {

/// Share of (positive, negative) pairs in the right order, ties counting one half.
double pairwise_auc(const std::vector<double>& scores, const std::vector<std::uint8_t>& positive) {
    double won = 0, pairs = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        for (std::size_t j = 0; j < scores.size(); ++j) {
            if (positive[i] == 0 || positive[j] != 0) continue;
            ++pairs;
            won += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
        }
    }
    return won / pairs;
}

TEST(RocCurve, area_is_the_share_of_ordered_pairs_with_ties) {
    std::mt19937 random(1);
    for (const int levels : {2, 5, 1000000}) {
        std::vector<double> scores;
        std::vector<std::uint8_t> positive;
        for (int k = 0; k < 400; ++k) {
            positive.push_back(random() % 5 == 0);
            const double score =
                static_cast<double>(random() % 1000) / 1000 + 0.3 * positive.back();
            scores.push_back(std::floor(score * levels) / levels);
        }
        EXPECT_NEAR(area_under(roc_curve(scores, positive)), pairwise_auc(scores, positive), 1e-13)
            << levels << " levels";
    }
}

TEST(RocCurve, of_perfect_scores_has_area_one) {
    const std::vector<double> scores{0.9, 0.8, 0.3, 0.2};
    const std::vector<std::uint8_t> positive{1, 1, 0, 0};
    EXPECT_EQ(area_under(roc_curve(scores, positive)), 1.0);
}

TEST(RocCurve, of_equal_scores_is_the_diagonal) {
    const std::vector<double> scores(10, 0.5);
    const std::vector<std::uint8_t> positive{1, 0, 0, 1, 0, 0, 0, 1, 0, 0};
    const RocCurve roc = roc_curve(scores, positive);
    EXPECT_EQ(roc.false_positive_rate, (std::vector<double>{0, 1}));
    EXPECT_EQ(area_under(roc), 0.5);
    EXPECT_NEAR(mean_true_positive_rate(roc, 50), 24.5 / 19999, 1e-15);
}

TEST(RocCurve, drops_inner_points_on_straight_lines) {
    const std::vector<double> scores{6, 5, 4, 3, 2, 1};
    const std::vector<std::uint8_t> positive{1, 1, 1, 0, 0, 0};
    const RocCurve roc = roc_curve(scores, positive);
    EXPECT_EQ(roc.true_positive_rate, (std::vector<double>{0, 1.0 / 3, 1, 1}));
    EXPECT_EQ(roc.false_positive_rate, (std::vector<double>{0, 0, 0, 1}));
}

TEST(RocCurve, without_positives_gives_no_figures) {
    const std::vector<double> scores{0.1, 0.2};
    const std::vector<std::uint8_t> positive{0, 0};
    const RocCurve roc = roc_curve(scores, positive);
    EXPECT_TRUE(std::isnan(area_under(roc)));
    EXPECT_TRUE(std::isnan(true_positive_rate_at(roc, 0.01)));
    EXPECT_TRUE(std::isnan(mean_true_positive_rate(roc, 50)));
}

TEST(RocCurve, refuses_scores_that_are_not_finite) {
    const std::vector<double> scores{0.1, std::nan("")};
    const std::vector<std::uint8_t> positive{0, 1};
    EXPECT_THROW(roc_curve(scores, positive), Error);
}

TEST(TruePositiveRate, is_that_of_the_nearest_point_but_never_of_the_origin) {
    const RocCurve roc{{0, 0.2, 0.4, 0.4, 1}, {0, 0.3, 0.5, 0.7, 1}};
    EXPECT_EQ(true_positive_rate_at(roc, 0.0), 0.3);
    EXPECT_EQ(true_positive_rate_at(roc, 0.29), 0.3);
    EXPECT_EQ(true_positive_rate_at(roc, 0.41), 0.5);
}

TEST(FitQuality, ignores_a_constant_offset_in_the_explained_variance_only) {
    const std::vector<double> target{0, 1, 2, 3}, prediction{2, 3, 4, 5};
    const FitQuality fit = fit_quality(target, prediction);
    EXPECT_DOUBLE_EQ(fit.explained_variance_percent, 100);
    EXPECT_DOUBLE_EQ(fit.root_mean_square_error, 2);
    EXPECT_DOUBLE_EQ(fit.mean_absolute_error, 2);
}

TEST(Metrics, equal_the_golden_figures) {
    const std::string path = ELM_GOLDEN_DIR "/metrics_small.h5";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    const Hdf5File file = Hdf5File::open(path);
    for (const std::string& group : file.links("/")) {
        SCOPED_TRACE(group);
        const auto expect = [&](const std::string& name, double found) {
            const double wanted = file.number_attribute(group, name);
            if (std::isnan(wanted)) {
                EXPECT_TRUE(std::isnan(found)) << name;
            } else {
                EXPECT_NEAR(found, wanted, 1e-12 * std::max(1.0, std::abs(wanted))) << name;
            }
        };
        const auto scores = file.read<double>(group + "/score");
        const auto positive = file.read<std::uint8_t>(group + "/label");
        const RocCurve roc = roc_curve(scores, positive);
        expect("auc", area_under(roc));
        expect("tpr_at_0.0025", true_positive_rate_at(roc, 0.0025));
        expect("tpr_at_0.01", true_positive_rate_at(roc, 0.01));
        expect("mean_tpr_below_0.0025", mean_true_positive_rate(roc, 50));
        expect("mean_tpr_below_0.01", mean_true_positive_rate(roc, 200));
        const auto wanted_rates = file.read<double>(group + "/roc_false_positive_rate");
        ASSERT_EQ(roc.false_positive_rate.size(), wanted_rates.size());

        const auto target = file.read<double>(group + "/voltage_target_mV");
        auto prediction = file.read<double>(group + "/voltage_prediction_mV");
        const FitQuality fit = fit_quality(target, prediction);
        expect("explained_variance_percent", fit.explained_variance_percent);
        expect("rmse_mV", fit.root_mean_square_error);
        expect("mae_mV", fit.mean_absolute_error);
    }
}

/// Each end is a proportion q of which the one that was found is 1.96 standard errors away, those
/// of q: |p - q| = z sqrt(q (1 - q) / n).
TEST(WilsonInterval, ends_where_the_score_test_just_accepts) {
    constexpr double z = 1.959963984540054;
    for (const std::int64_t n : {1, 10, 1000}) {
        for (const double p : {0.0, 0.1, 0.5, 0.97, 1.0}) {
            const auto [low, high] = wilson_interval(p, n);
            for (const double q : {low, high}) {
                EXPECT_NEAR((p - q) * (p - q), z * z * q * (1 - q) / double(n), 1e-14);
            }
            EXPECT_LE(low, p);
            EXPECT_GE(high, p);
            EXPECT_LT(low, high);
        }
    }
    EXPECT_EQ(wilson_interval(0, 10).low, 0);
    EXPECT_EQ(wilson_interval(1, 10).high, 1);
}

}  // namespace
}  // namespace elm
