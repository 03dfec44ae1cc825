#include "kernels/modules/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"

namespace elm {
namespace {

std::vector<double> rates_of(const LearningRate& rate, const std::vector<std::int64_t>& steps) {
    std::vector<double> rates;
    for (const std::int64_t step : steps) rates.push_back(rate.at(step));
    return rates;
}

TEST(LearningRate, constant_stays) {
    EXPECT_EQ(rates_of({.peak = 0.5}, {0, 1, 1000}), (std::vector<double>{0.5, 0.5, 0.5}));
}

TEST(LearningRate, warms_up_in_equal_parts_in_front_of_any_schedule) {
    for (const Schedule schedule :
         {Schedule::constant, Schedule::cosine, Schedule::step, Schedule::reciprocal_root}) {
        const LearningRate rate{
            .schedule = schedule, .peak = 2, .warmup_steps = 4, .total_steps = 12};
        EXPECT_EQ(rates_of(rate, {0, 1, 2, 3}), (std::vector<double>{0.5, 1, 1.5, 2}));
        EXPECT_DOUBLE_EQ(rate.at(4), 2);
    }
}

// cos(pi/4) and its like, written as roots; the horizon is 8 steps behind a warm-up of 2.
TEST(LearningRate, cosine_falls_to_zero) {
    const LearningRate rate{
        .schedule = Schedule::cosine, .peak = 2, .warmup_steps = 2, .total_steps = 10};
    const double root = std::sqrt(0.5);
    EXPECT_CLOSE(rates_of(rate, {2, 4, 6, 8, 10, 11}),
                 (std::vector<double>{2, 1 + root, 1, 1 - root, 0, 0}), {});
}

TEST(LearningRate, falls_in_steps) {
    const LearningRate rate{.schedule = Schedule::step,
                            .peak = 8,
                            .warmup_steps = 1,
                            .step_length = 3,
                            .step_factor = 0.5};
    EXPECT_EQ(rates_of(rate, {1, 3, 4, 6, 7, 10}), (std::vector<double>{8, 8, 4, 4, 2, 1}));
}

TEST(LearningRate, falls_with_the_root_of_the_step) {
    const LearningRate rate{.schedule = Schedule::reciprocal_root, .peak = 3, .warmup_steps = 4};
    EXPECT_CLOSE(rates_of(rate, {4, 16, 36, 64}), (std::vector<double>{3, 1.5, 1, 0.75}), {});
    const LearningRate cold{.schedule = Schedule::reciprocal_root, .peak = 3};
    EXPECT_CLOSE(rates_of(cold, {0, 3, 8}), (std::vector<double>{3, 1.5, 1}), {});
}

TEST(LearningRate, is_set_by_options) {
    OptionSet options;
    declare_learning_rate(options);
    options.set("schedule", "cosine");
    options.set("learning_rate", "0.25");
    options.set("warmup_steps", "3");
    const LearningRate rate = learning_rate_of(options, 100);
    EXPECT_EQ(rate.schedule, Schedule::cosine);
    EXPECT_EQ(rate.peak, 0.25);
    EXPECT_EQ(rate.warmup_steps, 3);
    EXPECT_EQ(rate.total_steps, 100);
    EXPECT_THROW(options.set("schedule", "linear"), Error);
    EXPECT_THROW(learning_rate_of(options, 3), Error) << "no step is left for the cosine";
}

TEST(LearningRate, refuses_what_makes_no_sense) {
    EXPECT_THROW((LearningRate{.peak = -1}.check()), Error);
    EXPECT_THROW((LearningRate{.peak = NAN}.check()), Error);
    EXPECT_THROW((LearningRate{.warmup_steps = -1}.check()), Error);
    EXPECT_THROW((LearningRate{.step_length = 0}.check()), Error);
    EXPECT_THROW((LearningRate{.step_factor = 2}.check()), Error);
}

}  // namespace
}  // namespace elm
