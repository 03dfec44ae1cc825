// What a training is asked for, in words of today and of older programs: budgets, presets, recipes,
// histories.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "baselines/front_end.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_model_file.h"
#include "neuron/elm/elm_module.h"
#include "tasks/task_registry.h"
#include "tasks/training/budget.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/plan/resume_point.h"
#include "tasks/training/recipe.h"
#include "tasks/training/record/training_history.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

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

/// Spieler et al. 2026, arXiv 2605.12049: 0.5/sqrt(100), of 100 synapses a branch.
TEST(Presets, synaptic_weights_begin_as_published) {
    for (const auto& [name, weight] :
         {std::pair("neuronio", 0.5), {"neuronio-best", 0.5}, {"neuronio-2026", 0.05}}) {
        Config preset = find_preset(find_task("neuronio"), name);
        const FittedModel fitted = make_model(
            {.model = "elm", .options = preset.sections["elm"], .shape = {.n_input = 6}});
        const auto& elm = dynamic_cast<const ElmModule&>(*fitted.model);
        const std::vector<double>& values = elm.structure().at("_proto_w_s").values;
        ASSERT_EQ(values.size(), 6u);
        for (const double value : values) EXPECT_EQ(value, static_cast<float>(weight)) << name;
    }
}

/// The configuration of a run, as it stands in its checkpoint.
Config elm_run(const Values& neuron) {
    return {{{"training", to_values(training_options())}, {"elm", neuron}}};
}

std::string write_checkpoint_of(const std::string& path, Config config) {
    put_pace({.updates = 10, .report_every = 1, .validate_every = 5}, config);
    Hdf5File file = Hdf5File::create(path);
    file.write_string("/config", config.to_toml());
    file.close();
    return path;
}

TEST(Resuming, what_an_older_program_did_not_know_stands_at_its_default) {
    const test::TemporaryDirectory folder;
    const Values neuron = to_values(ElmOptions{.lambda = 3});
    Config older = elm_run(neuron);
    ASSERT_EQ(older.sections["elm"].erase("w_s_value"), 1u);
    ASSERT_EQ(older.sections["training"].erase("label_smoothing"), 1u);
    const std::string path = write_checkpoint_of(folder / "older.h5", older);
    EXPECT_EQ(resume_point(path, elm_run(neuron), "fit").pace.validate_every, 5);
    Config other = elm_run(neuron);
    other.sections["elm"]["w_s_value"] = 0.05;
    test::expect_part(test::message_of([&] { resume_point(path, other, "fit"); }),
                      "elm.w_s_value was 0.5, is 0.05.");
    older.sections["elm"].erase("lambda_value");
    const std::string another = write_checkpoint_of(folder / "another.h5", older);
    test::expect_part(test::message_of([&] { resume_point(another, elm_run(neuron), "fit"); }),
                      "elm.lambda_value was 5, is 3.");
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
