// Scores of single samples are those of the task, and temperatures are the best ones.

#include "tasks/comparison/sample_scores.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tasks/task_registry.h"

namespace elm {
namespace {

struct Case {
    std::unique_ptr<Task> task;
    FittedModel model;
};

Case untrained(Stream& stream, const std::string& name, const std::string& model,
               const std::vector<std::pair<std::string, std::string>>& options) {
    const TaskEntry& entry = find_task(name);
    OptionSet chosen = entry.options();
    for (const auto& [option, value] : options) chosen.set(option, value);
    Case made{entry.make(chosen, {}), {}};
    made.model = make_model({.model = model, .shape = made.task->spec().shape});
    allocate(stream, made.model, DType::f64, RandomKey{3});
    return made;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

TEST(SampleScores, sum_to_the_metrics_of_the_task) {
    Stream stream{Device{}};
    const std::vector<std::pair<std::string, std::string>> small{{"held_out", "70"}};
    for (const char* const name : {"adding", "recall", "parity", "mqar"}) {
        const Case one = untrained(stream, name, "lstm", small);
        for (const Split split : {Split::validation, Split::test}) {
            const SampleScores scores = score_samples(*one.task, stream, one.model, split, 1);
            EXPECT_EQ(std::ssize(scores.sums), one.task->count(split)) << name;
            EXPECT_EQ(metrics_of(one.task->spec(), scores.sums),
                      one.task->score(stream, one.model, split, 0).values)
                << name;
            EXPECT_GT(scores.seconds, 0);
        }
    }
}

TEST(SampleScores, at_a_temperature_of_one_are_not_changed) {
    Stream stream{Device{}};
    const Case one = untrained(stream, "recall", "lstm", {{"held_out", "50"}});
    const SampleScores scores = score_samples(*one.task, stream, one.model, Split::validation, 1);
    ASSERT_EQ(scores.calibrated.size(), scores.sums.size());
    for (std::size_t k = 0; k < scores.sums.size(); ++k) {
        EXPECT_EQ(scores.calibrated[k], scores.sums[k].mean(one.task->spec()));
    }
    // Very hot: all classes are equally likely.
    const auto hot = score_samples(*one.task, stream, one.model, Split::validation, 1e9);
    const double uniform = std::log(static_cast<double>(one.task->spec().shape.n_output));
    for (const double loss : hot.calibrated) EXPECT_NEAR(loss, uniform, 1e-6);
}

TEST(Calibration, finds_the_temperature_of_the_least_loss) {
    Stream stream{Device{}};
    for (const char* const name : {"recall", "mqar"}) {  // the last step, and each that is asked
        const Case one = untrained(stream, name, "lstm", {{"held_out", "60"}});
        // Outputs far from 0, so that the model is much surer than it is right.
        for (const NamedParameter& parameter : one.model.model->parameters()) {
            if (!parameter.name.starts_with("readout")) continue;
            for (double& value : parameter.parameter->value.host<double>()) value *= 40;
        }
        const double temperature = calibration(*one.task, stream, one.model);
        const auto loss_at = [&](double t) {
            const auto scores = score_samples(*one.task, stream, one.model, Split::validation, t);
            return mean(scores.calibrated);
        };
        const double least = loss_at(temperature);
        EXPECT_LT(least, loss_at(1)) << name;
        // Beside the end of the range, where a model without knowledge lands, both sides are worse.
        EXPECT_LE(least, loss_at(temperature * 0.9)) << name << " " << temperature;
        EXPECT_TRUE(temperature > std::exp(2.99) || least <= loss_at(temperature * 1.1)) << name;
    }
}

TEST(Calibration, is_of_classes_alone) {
    Stream stream{Device{}};
    const Case one = untrained(stream, "adding", "lstm", {{"held_out", "20"}});
    EXPECT_EQ(calibration(*one.task, stream, one.model), 1);
    EXPECT_TRUE(score_samples(*one.task, stream, one.model, Split::test, 1).calibrated.empty());
}

}  // namespace
}  // namespace elm
