// What a training is asked for, in words of today and of older programs: budgets, presets, recipes,
// histories.

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "baselines/front_end.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "tasks/task_registry.h"
#include "tasks/training/budget.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/recipe.h"
#include "tasks/training/record/training_history.h"

namespace elm {
namespace {

TEST(Budget, takes_time_updates_and_operations) {
    EXPECT_EQ(updates_within(parse_budget("5000u"), {}), 5000);
    EXPECT_EQ(updates_within(parse_budget("1e15f"), {.flops = 1e12}), 1000);
    EXPECT_EQ(updates_within(parse_budget("1f"), {.flops = 1e12}), 1);
    EXPECT_EQ(updates_within(parse_budget("80000n"), {.samples = 32}), 2500);
    EXPECT_EQ(parse_budget("10m").amount, 600);
    EXPECT_EQ(parse_budget("200s").amount, 200);
    EXPECT_EQ(parse_budget("2h").amount, 7200);
    for (const char* const text : {"", "10", "m", "-5u", "0s", "nanu", "1.5u", "10x", "5000 u"}) {
        EXPECT_THROW(parse_budget(text), Error) << text;
    }
}

TEST(Presets, name_options_that_exist) {
    for (const TaskEntry& task : all_tasks()) {
        for (const Preset& preset : task.presets) {
            for (const auto& [section, values] : find_preset(task, preset.name).sections) {
                if (section == curriculum_section) continue;
                OptionSet options = section == "training"          ? training_options()
                                    : section == front_end_section ? front_end_options()
                                    : section == task.name         ? task.options()
                                                                   : find_model(section).options();
                EXPECT_NO_THROW(set_options(options, values)) << preset.name << " " << section;
            }
        }
    }
    EXPECT_THROW(find_preset(find_task("neuronio"), "neuronoi"), Error);
    EXPECT_THROW(find_task("ading"), Error);
}

TEST(Recipe, options_of_older_files_stand_where_they_belong) {
    Config config{{{"training", {{"passes", std::int64_t{3}}, {"window_steps", std::int64_t{9}}}}}};
    bring_up_to_date(config);
    EXPECT_EQ(config.sections["training"], (Values{{"accumulation_steps", std::int64_t{3}}}));
    EXPECT_EQ(config.sections["neuronio"], (Values{{"window_steps", std::int64_t{9}}}));
}

TEST(TrainingHistory, of_an_older_program_is_understood) {
    const TaskSpec spec{
        .name = "neuronio",
        .loss_parts = {{"spike_loss", 0.5}, {"voltage_loss", 0.5}},
        .metrics = {{.name = "loss"}, {.name = "auc"}, {.name = "voltage_rmse_mV"}}};
    const HistoryColumns old{{"train_update", {5}},          {"train_spike_loss", {2}},
                             {"train_voltage_loss", {3}},    {"train_bins", {10}},
                             {"train_learning_rate", {1}},   {"train_gradient_norm", {4}},
                             {"validation_update", {0, 5}},  {"validation_auc", {0.5, 0.9}},
                             {"validation_rmse_mV", {4, 3}}, {"pending_spike_loss", {7}},
                             {"pending_voltage_loss", {8}},  {"pending_bins", {20}}};
    const TrainingHistory history = from_history(spec, old);
    ASSERT_EQ(history.reports.size(), 1u);
    EXPECT_EQ(history.reports[0].loss.mean(spec), 0.25);
    ASSERT_EQ(history.validations.size(), 2u);
    EXPECT_TRUE(std::isnan(history.validations[1].scores[0]));  // was not kept
    EXPECT_EQ(history.validations[1].scores[1], 0.9);
    EXPECT_EQ(history.validations[1].scores[2], 3);
    EXPECT_EQ(history.pending.count, 20);
    const TrainingHistory again = from_history(spec, to_history(spec, history));
    EXPECT_EQ(again.validations[1].scores[2], 3);
    HistoryColumns cut = old;
    cut["train_bins"].clear();
    EXPECT_THROW(from_history(spec, cut), Error);
}

}  // namespace
}  // namespace elm
