// Training that goes on from window to window of a text with the state that the last one left.

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tasks/scores.h"
#include "tasks/training/training.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/tasks/training/carried_text.h"

namespace elm {
namespace {

constexpr std::int64_t steps = test::CarriedText::steps, batch = 4;

class CarriedStateTest : public testing::Test {
protected:
    std::unique_ptr<Task> task_of(const Values& chosen) const { return text_.task_of(chosen); }
    static TrainingSettings settings(double learning_rate) {
        return test::twelve_updates(batch, learning_rate);
    }
    std::unique_ptr<Training> training_of(const std::string& model, const Task& task,
                                          const TrainingSettings& s) {
        return std::make_unique<Training>(stream_, test::model_for(task, model), s, task, alone_);
    }
    static std::vector<float> parameters(Training& training) {
        return test::parameters_of<float>(training);
    }
    static Batch batch_of(const Task& task, std::int64_t index) {
        Batch filled;
        task.fill({.index = index, .size = batch, .count = batch}, filled);
        return filled;
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::CarriedText text_;
};

TEST_F(CarriedStateTest, batches_go_through_the_text_in_as_many_places) {
    const auto task = task_of({{"carries_state", true}});
    const std::int64_t length = task->count(Split::train) / batch;
    const Batch first = batch_of(*task, 0), second = batch_of(*task, 1);
    EXPECT_TRUE(first.begins);
    EXPECT_FALSE(second.begins);
    for (std::int64_t k = 0; k < batch; ++k) {
        const auto asked = first.targets[0].host<std::int32_t>();
        EXPECT_EQ(asked[static_cast<std::size_t>((k + 1) * steps - 1)],
                  second.spikes.row(k, 0).front())
            << "what the last step of a window is asked for is what the next window begins with";
    }
    const Batch again = batch_of(*task, length);
    EXPECT_TRUE(again.begins);
    EXPECT_EQ(again.spikes.units, first.spikes.units);
    EXPECT_TRUE(batch_of(*task_of({}), 1).begins);
    EXPECT_NE(test::message_of([&] {
                  Batch none;
                  task->fill({.size = 10000, .count = 1}, none);
              }).find("smaller batch"),
              std::string::npos);
}

TEST_F(CarriedStateTest, an_update_begins_as_the_one_before_ended) {
    const auto task = task_of({{"carries_state", true}});
    for (const char* const name : {"elm", "elm_network"}) {
        const auto training = training_of(name, *task, settings(0));  // parameters stay
        SequenceState state;
        for (std::int64_t update = 0; update < 3; ++update) {
            training->advance(update + 1, 1e9);
            const Batch given = batch_of(*task, update);
            Tensor output =
                output_of(stream_, task->spec(), *training->fitted().model, given, &state);
            const AnsweredBatch answered{.batch = given, .output = output};
            BatchLoss loss(*task, answered);
            LossSums expected;
            for (std::int64_t k = 0; k < batch; ++k) expected.add(loss.of(k));
            const LossSums found = training->report().loss;
            EXPECT_NEAR(found.mean(0), expected.mean(0), 1e-5) << name << " " << update;
            if (update == 0) continue;
            output = output_of(stream_, task->spec(), *training->fitted().model, given);
            const AnsweredBatch from_rest{.batch = given, .output = output};
            BatchLoss other(*task, from_rest);
            LossSums at_rest;
            for (std::int64_t k = 0; k < batch; ++k) at_rest.add(other.of(k));
            EXPECT_GT(std::abs(found.mean(0) - at_rest.mean(0)), 1e-4) << name;
        }
    }
}

TEST_F(CarriedStateTest, goes_on_from_a_checkpoint_with_the_same_bits) {
    const auto task = task_of({{"carries_state", true}, {"rest", 0.3}});
    for (const char* const name : {"elm", "elm_network", "lstm"}) {
        TrainingSettings s = settings(0.01);
        s.accumulation_steps = 2;
        s.batch_parts = 2;
        const auto whole = training_of(name, *task, s);
        whole->advance(12, 1e9);
        const auto first = training_of(name, *task, s);
        first->advance(5, 1e9);
        first->write_checkpoint(text_.path_of("checkpoint.h5"), {});
        const auto second = training_of(name, *task, s);
        second->resume(text_.path_of("checkpoint.h5"));
        second->advance(12, 1e9);
        EXPECT_EQ(parameters(*second), parameters(*whole)) << name;
    }
}

TEST_F(CarriedStateTest, goes_on_from_a_checkpoint_in_other_parts) {
    const auto task = task_of({{"carries_state", true}});
    TrainingSettings parts = settings(0.01), whole = settings(0.01);
    parts.batch_parts = 2;
    for (const auto& [before, after] : {std::pair{parts, whole}, {whole, parts}}) {
        const auto first = training_of("elm_network", *task, before);
        first->advance(5, 1e9);
        first->write_checkpoint(text_.path_of("checkpoint.h5"), {});
        first->advance(8, 1e9);
        const auto second = training_of("elm_network", *task, after);
        second->resume(text_.path_of("checkpoint.h5"));
        second->advance(8, 1e9);
        const std::vector<float> expected = parameters(*first), found = parameters(*second);
        for (std::size_t k = 0; k < found.size(); ++k) ASSERT_NEAR(found[k], expected[k], 1e-4);
    }
}

TEST_F(CarriedStateTest, parts_of_an_older_checkpoint_are_one_batch) {
    Stream host{Device{}};
    const auto array = [&](std::int64_t samples, float first) {
        std::vector<float> values;
        for (std::int64_t k = 0; k < 3 * samples; ++k) {
            values.push_back(first + static_cast<float>(k));
        }
        return Tensor::from<float>(host, {samples, 3}, values);
    };
    const CarriedArrays found = carried_arrays(
        {{"0.0", array(2, 0)}, {"0.1", array(2, 20)}, {"1.0", array(2, 6)}, {"1.1", array(2, 26)}},
        4);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(test::values_of(found[0]), test::values_of(array(4, 0)));
    EXPECT_EQ(test::values_of(found[1]), test::values_of(array(4, 20)));
    EXPECT_TRUE(carried_arrays({}, 4).empty());
    test::expect_part(test::message_of([&] {
                          carried_arrays({{"0.0", array(3, 0)}}, 4);
                      }),
                      "carried array 0 has shape (3, 3), expected 4 samples.");
    test::expect_part(test::message_of([&] {
                          carried_arrays({{"0.0", array(3, 0)}, {"1.0", array(1, 9)}}, 4);
                      }),
                      "(3, 3) and (1, 3) are no parts of a batch.");
}

TEST_F(CarriedStateTest, parts_of_a_batch_add_up_to_it) {
    const auto task = task_of({{"carries_state", true}});
    TrainingSettings s = settings(0.01);
    const auto whole = training_of("elm_network", *task, s);
    s.batch_parts = 2;
    const auto parts = training_of("elm_network", *task, s);
    whole->advance(4, 1e9);
    parts->advance(4, 1e9);
    const std::vector<float> expected = parameters(*whole), found = parameters(*parts);
    for (std::size_t k = 0; k < found.size(); ++k) ASSERT_NEAR(found[k], expected[k], 1e-4) << k;
}

TEST_F(CarriedStateTest, rest_falls_along_half_a_cosine) {
    const CarriedState carried{.rest = 0.01, .rest_updates = 100};
    EXPECT_NEAR(carried.rest_at(-1), 1, 1e-12);
    EXPECT_NEAR(carried.rest_at(49), 0.505, 1e-12);
    EXPECT_EQ(carried.rest_at(99), 0.01);
    EXPECT_EQ((CarriedState{.rest = 0.2}.rest_at(0)), 0.2);
}

TEST_F(CarriedStateTest, all_windows_at_rest_are_those_without_a_state) {
    const auto task = task_of({{"carries_state", true}, {"rest", 1.0}});
    const auto training = training_of("elm_network", *task, settings(0));
    training->advance(2, 1e9);
    LossSums expected;
    for (std::int64_t update = 0; update < 2; ++update) {
        AnsweredBatch answered{.batch = batch_of(*task, update), .output = {}};
        answered.output =
            output_of(stream_, task->spec(), *training->fitted().model, answered.batch);
        BatchLoss loss(*task, answered);
        for (std::int64_t k = 0; k < batch; ++k) expected.add(loss.of(k));
    }
    EXPECT_NEAR(training->report().loss.mean(0), expected.mean(0), 1e-5);
}

TEST_F(CarriedStateTest, is_validated_on_with_a_state) {
    const auto task = task_of({{"carries_state", true}});
    const auto training = training_of("elm_network", *task, settings(0));
    SequenceState state;
    LossSums expected;
    const std::int64_t windows = task->count(Split::validation);
    ASSERT_LT(windows, 128);  // then they are one sequence
    for (std::int64_t k = 0; k < windows; ++k) {
        AnsweredBatch answered;
        task->fill({.split = Split::validation, .index = k}, answered.batch);
        answered.output =
            output_of(stream_, task->spec(), *training->fitted().model, answered.batch, &state);
        BatchLoss loss(*task, answered);
        expected.add(loss.of(0));
    }
    EXPECT_NEAR(training->validate().scores.front(),
                value_of(task->spec().metrics.front(), task->spec(), expected), 1e-9);
}

TEST_F(CarriedStateTest, refuses_what_has_no_state_to_go_on_from) {
    const auto task = task_of({{"carries_state", true}});
    const auto message = [&](const std::string& model) {
        return test::message_of([&] { training_of(model, *task, settings(0.01)); });
    };
    EXPECT_NE(message("reformer").find("the model reformer has none: it reads whole sequences"),
              std::string::npos)
        << message("reformer");
    EXPECT_NE(message("tcn").find("that of the model tcn holds spikes"), std::string::npos)
        << message("tcn");
    EXPECT_NE(message("transformer").find("that of the model transformer grows with each piece"),
              std::string::npos)
        << message("transformer");
    EXPECT_NE(test::message_of([&] {
                  task_of({{"rest", 0.5}});
              }).find("carries_state = true"),
              std::string::npos);
}

}  // namespace
}  // namespace elm
