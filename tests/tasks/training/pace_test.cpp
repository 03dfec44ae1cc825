// How long a training is, and how often it is looked at: closed forms, and a clock that is made up.

#include "tasks/training/pace.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "tasks/training/plan/checkpoint_match.h"

namespace elm {
namespace {

TEST(Pace, validates_forty_times_unless_that_takes_a_tenth_of_the_time) {
    const Pace cheap = pace_of(8000, 1, 1, 0);
    EXPECT_EQ(cheap.updates, 8000);
    EXPECT_EQ(cheap.report_every, 40);
    EXPECT_EQ(cheap.validate_every, 200);
    // A validation of 100 updates: 8 of them take 800.
    EXPECT_EQ(pace_of(8000, 100, 1, 0).validate_every, 1000);
    EXPECT_EQ(pace_of(8000, 100, 20, 0).validate_every, 400);
    EXPECT_EQ(pace_of(8000, 1e9, 1, 0).validate_every, 8000);
    EXPECT_EQ(pace_of(8000, 100, 1, 30).validate_every, 30);
    EXPECT_EQ(pace_of(8000, 100, 1, 30).report_every, 6);
    EXPECT_EQ(pace_of(1, 0, 1, 0).validate_every, 1);
    for (const std::int64_t updates : {1, 7, 60, 399, 12345, 3000000}) {
        const Pace pace = pace_of(updates, 3, 10, 0);
        EXPECT_EQ(pace.validate_every % pace.report_every, 0) << updates;
        EXPECT_GT(pace.report_every, 0) << updates;
    }
}

TEST(Pace, goes_through_a_configuration) {
    Config config;
    put_pace({.updates = 70, .report_every = 2, .validate_every = 6}, config);
    const Pace pace = take_pace(config);
    EXPECT_EQ(pace.updates, 70);
    EXPECT_EQ(pace.report_every, 2);
    EXPECT_EQ(pace.validate_every, 6);
    EXPECT_TRUE(config.sections[data_section].empty());
    EXPECT_FALSE(take_pace(config).is_planned());
}

/// Seconds of a training that is given `budget` seconds, slice by slice as the trainer does it.
/// `update_seconds(time)`: of an update at that time.
double seconds_taken(double budget, const std::function<double(double)>& update_seconds,
                     double validation_seconds) {
    Pace pace;
    TimeSpent spent;
    std::int64_t done = 0;
    const auto validate = [&] {
        spent.last_validation = validation_seconds;
        spent.validation += validation_seconds;
    };
    validate();
    TimePlan plan(budget, spent, done, 0);
    while (true) {
        const double slice = spent.total() + 0.25;
        const std::int64_t end = (done / pace.report_every + 1) * pace.report_every;
        do {
            spent.training += update_seconds(spent.total());
            ++done;
        } while (spent.total() < slice && done < std::min(end, pace.updates));
        pace = plan.revise(pace, spent, done);
        if (done >= pace.updates) break;
        if (done % pace.validate_every == 0) validate();
    }
    validate();
    return spent.total();
}

TEST(TimePlan, meets_its_time_on_a_steady_machine) {
    for (const double budget : {3.0, 60.0, 3600.0}) {
        for (const double update : {1e-4, 1e-2, 0.1}) {
            for (const double validation : {1e-3, 0.2}) {
                const double taken = seconds_taken(
                    budget, [&](double) { return update; }, validation);
                // A slice, an update and a validation more or less, and the 5 % that are let pass.
                EXPECT_NEAR(taken, budget, 0.05 * budget + 0.25 + update + validation)
                    << budget << " " << update << " " << validation;
            }
        }
    }
}

TEST(TimePlan, meets_its_time_where_others_take_the_machine) {
    for (const double from : {0.01, 0.2, 0.5}) {
        for (const double factor : {0.1, 3.0, 10.0}) {
            const double taken = seconds_taken(
                100, [&](double time) { return time < 100 * from ? 0.01 : 0.01 * factor; }, 0.1);
            EXPECT_NEAR(taken, 100, 20) << from << " " << factor;
        }
    }
}

TEST(TimePlan, has_one_update_where_that_takes_longer) {
    EXPECT_NEAR(seconds_taken(
                    1, [](double) { return 5.0; }, 0.5),
                6, 1e-9);
}

TEST(TimePlan, spends_a_tenth_on_validations) {
    const double budget = 100, update = 0.01, validation = 1;
    Pace pace;
    TimeSpent spent{.validation = validation, .last_validation = validation};
    TimePlan plan(budget, spent, 0, 0);
    spent.training = 2;
    pace = plan.revise(pace, spent, 200);
    const auto validations =
        static_cast<double>(pace.updates) / static_cast<double>(pace.validate_every);
    EXPECT_LE(validations * validation, 0.1 * budget + validation);
    EXPECT_NEAR(static_cast<double>(pace.updates) * update + validations * validation, budget,
                0.05 * budget);
}

}  // namespace
}  // namespace elm
