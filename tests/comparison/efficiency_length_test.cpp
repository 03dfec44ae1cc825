// Efficiency lengths against published measurements, re-computed, and curves that are known.

#include "tasks/comparison/speed/efficiency_length.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

CostCurve curve(const std::vector<double>& lengths, const std::vector<double>& costs) {
    CostCurve result{lengths, {}};
    for (const double cost : costs) result.repeats.push_back({cost});
    return result;
}
const std::vector<double> lengths{256, 512, 1024, 2048, 4096, 8192};

TEST(CostExponent, of_powers_is_their_exponent) {
    std::vector<double> costs;
    for (const double length : lengths) costs.push_back(3 * std::pow(length, 1.5));
    const CostExponent found = fit_exponent(lengths, costs);
    EXPECT_NEAR(found.exponent, 1.5, 1e-12);
    EXPECT_NEAR(found.explained, 1, 1e-12);
    // Of n log n between 256 and 8192: by hand, the slope of log log n against log n is added.
    for (std::size_t k = 0; k < lengths.size(); ++k) costs[k] = lengths[k] * std::log2(lengths[k]);
    // x = log2 n - 10.5 = +-2.5, +-1.5, +-0.5, sum of squares 17.5; y = log2 of 8, 9, ..., 13.
    const double by_hand =
        (2.5 * std::log2(13.0 / 8) + 1.5 * std::log2(12.0 / 9) + 0.5 * std::log2(11.0 / 10)) / 17.5;
    EXPECT_NEAR(fit_exponent(lengths, costs).exponent, 1 + by_hand, 1e-12);
    EXPECT_THROW(fit_exponent(std::vector{1.0}, std::vector{1.0}), Error);
    EXPECT_THROW(fit_exponent(std::vector{1.0, 2.0}, std::vector{1.0, 0.0}), Error);
}

TEST(EfficiencyLength, of_published_memory) {
    const EfficiencyLength found =
        efficiency_length(curve(lengths, {42, 80, 156, 308, 612, 1220}),
                          curve(lengths, {81, 265, 952, 3604, 14020, 55300}), false, RandomKey{});
    EXPECT_EQ(found.kind, EfficiencyLength::Kind::crossing);
    EXPECT_NEAR(found.fitted, 69.507, 1e-2);
    EXPECT_TRUE(found.extrapolated);
    EXPECT_NEAR(found.attention.coefficients[2], 8.12524e-4, 1e-8);
    EXPECT_NEAR(found.attention.coefficients[1], 0.09382, 1e-5);
    EXPECT_NEAR(found.attention.coefficients[0], 3.8708, 1e-3);
    EXPECT_NEAR(found.model.coefficients[1], 0.1484375, 1e-9);
    EXPECT_NEAR(found.model.coefficients[0], 4, 1e-6);
    EXPECT_NEAR(found.model.explained, 1, 1e-12);
    EXPECT_EQ(to_text(found), "70 (extrapolated)");
    EXPECT_TRUE(std::isnan(found.bracketed));  // cheaper at all of them
}

TEST(EfficiencyLength, of_published_time) {
    const CostCurve model = curve(lengths, {0.648, 0.590, 0.602, 0.910, 1.006, 1.509});
    const CostCurve attention = curve(lengths, {0.472, 0.628, 0.721, 0.981, 3.67, 18.437});
    const EfficiencyLength found = efficiency_length(model, attention, true, RandomKey{});
    EXPECT_NEAR(found.fitted, 1877.26, 0.2);
    EXPECT_FALSE(found.extrapolated);
    EXPECT_NEAR(found.attention.coefficients[2], 3.466e-7, 1e-10);
    EXPECT_NEAR(found.model.coefficients[1], 1.1814e-4, 1e-8);
    EXPECT_NEAR(found.attention.explained, 0.99948, 1e-5);
    EXPECT_NEAR(found.model.explained, 0.9646, 1e-4);
    EXPECT_NEAR(efficiency_length(model, attention, false, RandomKey{}).fitted, 1906, 1);
    // Dearer at 256 and cheaper from 512 on; a line through the logarithms of the shares.
    const double before = std::log(0.648 / 0.472), after = std::log(0.590 / 0.628);
    EXPECT_NEAR(found.bracketed, 256 * std::pow(2, before / (before - after)), 1e-9);
}

TEST(EfficiencyLength, says_where_there_is_none) {
    std::vector<double> square, line, low, high, highest;
    for (const double n : lengths) {
        square.push_back(1 + 1e-3 * n * n);
        low.push_back(0.5);
        high.push_back(1e9 + 1e3 * n);
        highest.push_back(1e9 + 1e6 * n);
        line.push_back(1 + n);
    }
    const CostCurve attention = curve(lengths, square);
    EXPECT_EQ(to_text(efficiency_length(curve(lengths, low), attention, false, RandomKey{})),
              "always cheaper");
    const auto far = efficiency_length(curve(lengths, high), attention, false, RandomKey{});
    EXPECT_TRUE(far.extrapolated);
    EXPECT_GT(far.fitted, 8192);
    // They meet at 1e9, too far from the last length measured.
    EXPECT_EQ(to_text(efficiency_length(curve(lengths, highest), attention, false, RandomKey{})),
              "never");
    // Attention that grows with the length alone never becomes dearer than it is.
    std::vector<double> linear;
    for (const double n : lengths) linear.push_back(0.5 * n - 1e-6 * n * n);
    EXPECT_EQ(to_text(efficiency_length(curve(lengths, line), curve(lengths, linear), false,
                                        RandomKey{})),
              "never");
    // 1 + 1e-3 N^2 and 1 + 1e-6 meet at N = sqrt(1e-3), below one step.
    std::vector<double> flat;
    for (std::size_t k = 0; k < lengths.size(); ++k) flat.push_back(1 + 1e-6);
    const auto below = efficiency_length(curve(lengths, flat), attention, false, RandomKey{});
    EXPECT_EQ(to_text(below), "always cheaper");
    EXPECT_EQ(to_text(efficiency_length(curve({1, 2}, {1, 2}), curve({1, 2}, {1, 4}), false,
                                        RandomKey{})),
              "-");
    // Two points lie on any line, three on any parabola.
    EXPECT_TRUE(
        std::isnan(fit_cost(std::vector<double>{1, 2}, std::vector{1.0, 5.0}, 1).explained));
    EXPECT_TRUE(std::isnan(
        fit_cost(std::vector<double>{1, 2, 3}, std::vector{1.0, 5.0, 2.0}, 2).explained));
    EXPECT_THROW(fit_cost(std::vector<double>{1, 2}, std::vector<double>{1, 2}, 2), Error);
}

TEST(EfficiencyLength, has_an_interval_that_holds_what_repeats_scatter_around) {
    CostCurve attention{lengths, {}}, model{lengths, {}};
    std::int64_t next = 0;
    for (const double n : lengths) {
        for (auto* one : {&attention, &model}) one->repeats.emplace_back();
        for (int repeat = 0; repeat < 20; ++repeat) {
            const auto noise = [&] {
                return 1 + 0.1 * (unit_uniform<double>(random_word(RandomKey{4}, next++)) - 0.5);
            };
            attention.repeats.back().push_back((1 + 1e-6 * n * n) * noise());
            model.repeats.back().push_back((1 + 2e-3 * n) * noise());
        }
    }
    const EfficiencyLength found = efficiency_length(model, attention, false, RandomKey{1});
    EXPECT_LT(found.interval.low, 2000);  // 1e-6 n^2 = 2e-3 n
    EXPECT_GT(found.interval.high, 2000);
    EXPECT_LT(found.interval.high - found.interval.low, 400);
}

TEST(InterquartileMean, leaves_out_what_is_far) {
    EXPECT_DOUBLE_EQ(interquartile_mean({1, 2, 3, 4, 1000}), 3);
    EXPECT_DOUBLE_EQ(interquartile_mean({7}), 7);
    EXPECT_DOUBLE_EQ(interquartile_mean({1, 2}), 1.5);
}

}  // namespace
}  // namespace elm
