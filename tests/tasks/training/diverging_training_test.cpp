// A training that learns well for a while and then diverges.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/data/file_bytes.h"
#include "tasks/task_registry.h"
#include "tasks/training/trainer.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class DivergingTraining : public testing::TestWithParam<const char*> {
protected:
    static std::unique_ptr<Task> adding() {
        const TaskEntry& entry = find_task("adding");
        OptionSet options = entry.options();
        options.set("steps", "20");
        options.set("held_out", "50");
        return entry.make(options, {});
    }
    std::unique_ptr<Training> training(double learning_rate) {
        TrainingSettings s;
        s.updates = 20;
        s.report_every = s.validate_every = 10;
        s.learning_rate = {.peak = learning_rate};
        FittedModel model = make_model({.model = GetParam(), .shape = task_->spec().shape});
        return std::make_unique<Training>(stream_, std::move(model), s, *task_, alone_);
    }
    void train_to_the_end(Training& training) {
        const TrainerRun run{.name = "run", .training = &training, .files = &files_, .config = {}};
        train({&run, 1}, {}, alone_, [] {});
    }

    test::TemporaryDirectory folder_;
    RunFiles files_{folder_ / "run"};
    Stream stream_{Device{}};
    Communicator alone_;
    const std::unique_ptr<Task> task_ = adding();
};

/// Twenty updates are good. Then the learning rate is 1e30, from their checkpoint on.
TEST_P(DivergingTraining, keeps_the_last_good_checkpoint_and_model_and_says_where_it_diverged) {
    files_.claim(false);
    train_to_the_end(*training(1e-3));
    const std::string checkpoint = read_file_bytes(files_.checkpoint(), "a checkpoint");
    const std::string model = read_file_bytes(files_.model(), "a model");

    const auto diverging = training(1e30);
    diverging->resume(files_.checkpoint());
    ASSERT_EQ(diverging->update_count(), 20);
    diverging->set_pace({.updates = 60, .report_every = 10, .validate_every = 10});
    try {
        train_to_the_end(*diverging);
        FAIL() << "a learning rate of 1e30 went unnoticed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numeric);
        const std::string& message = error.message();
        const std::int64_t step = diverging->update_count();
        EXPECT_GT(step, 20);
        EXPECT_LT(step, 60);
        EXPECT_NE(message.find(fmt::format("step {}: the gradient of ", step)), std::string::npos)
            << message;
        const auto parameters = diverging->module().parameters();
        EXPECT_TRUE(std::any_of(parameters.begin(), parameters.end(), [&](const auto& named) {
            return message.find("gradient of " + named.name + " ") != std::string::npos;
        })) << message;
    }
    const auto values = diverging->fitted().parameters.values.host<float>();
    EXPECT_TRUE(
        std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); }));
    EXPECT_EQ(read_file_bytes(files_.checkpoint(), "a checkpoint"), checkpoint);
    EXPECT_EQ(read_file_bytes(files_.model(), "a model"), model);

    const auto resumed = training(1e-3);
    resumed->resume(files_.checkpoint());
    resumed->set_pace({.updates = 25, .report_every = 5, .validate_every = 5});
    EXPECT_NO_THROW(train_to_the_end(*resumed));
    EXPECT_EQ(resumed->update_count(), 25);
}

INSTANTIATE_TEST_SUITE_P(Models, DivergingTraining, testing::Values("elm", "lstm"));

}  // namespace
}  // namespace elm
