// A training with carried state over several processes. Run as it is, and as two and three
// processes under mpirun: every process runs all tests.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/test_processes.h"
#include "tests/tasks/training/carried_text.h"

namespace elm {
namespace {

using test::processes;

constexpr std::int64_t batch = 12;  // in two parts on one, two and three processes

/// Sums of so many terms in another order, in each of twelve updates.
const double allowed = 8 * std::numeric_limits<double>::epsilon() *
                       std::sqrt(double{batch * test::CarriedText::steps * 256}) * 12;

class TrainingProcesses : public testing::Test {
protected:
    static TrainingSettings settings() {
        TrainingSettings s = test::twelve_updates(batch, 0.01);
        s.precision = DType::f64;
        s.optimizer.rule = OptimizerRule::sgd;  // divides by no gradient of its own
        s.optimizer.clip_norm = 1;
        return s;
    }
    std::unique_ptr<Training> training_of(const std::string& model, const Task& task,
                                          const TrainingSettings& s, Communicator& of) {
        return std::make_unique<Training>(stream_, test::model_for(task, model), s, task, of);
    }
    /// The parameters after all updates.
    static std::vector<double> finished(Training& training) {
        training.advance(12, 1e9);
        EXPECT_TRUE(training.done());
        return test::parameters_of<double>(training);
    }
    static double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
        EXPECT_EQ(a.size(), b.size());
        double largest = 0;
        for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) {
            largest = std::max(largest, std::abs(a[k] - b[k]));
        }
        return largest;
    }

    test::CarriedText text_;
    const std::unique_ptr<Task> task_ = text_.task_of({{"carries_state", true}, {"rest", 0.3}});
    Stream stream_{Device{}};
    Communicator alone_;
};

TEST_F(TrainingProcesses, together_learn_what_one_learns) {
    const auto from_rest = text_.task_of({{"carries_state", true}, {"rest", 1.0}});
    for (const char* const model : {"lstm", "elm", "elm_network"}) {
        const auto one = training_of(model, *task_, settings(), alone_);
        const auto together = training_of(model, *task_, settings(), *processes);
        const std::vector<double> expected = finished(*one), found = finished(*together);
        EXPECT_LT(largest_difference(found, expected), allowed) << model;
        EXPECT_NEAR(together->report().loss.mean(0), one->report().loss.mean(0), allowed) << model;
        const auto other = training_of(model, *from_rest, settings(), alone_);
        EXPECT_GT(largest_difference(finished(*other), expected), 1e3 * allowed) << model;
    }
}

TEST_F(TrainingProcesses, go_on_from_a_checkpoint_with_the_same_bits) {
    TrainingSettings s = settings();
    s.batch_parts = 2;
    s.accumulation_steps = 2;
    const std::string path = text_.path_of("checkpoint.h5");  // one for each process
    const auto first = training_of("elm_network", *task_, s, *processes);
    first->advance(5, 1e9);
    first->write_checkpoint(path, {});
    const auto second = training_of("elm_network", *task_, s, *processes);
    second->resume(path);
    second->write_checkpoint(path, {});  // before any update of its own
    const auto third = training_of("elm_network", *task_, s, *processes);
    third->resume(path);
    const std::vector<double> whole = finished(*first);
    EXPECT_EQ(finished(*second), whole);
    EXPECT_EQ(finished(*third), whole);
}

TEST_F(TrainingProcesses, of_another_number_go_on_from_a_checkpoint) {
    const std::string path = text_.path_of("checkpoint.h5");
    for (const bool begins_together : {true, false}) {
        Communicator& before = begins_together ? *processes : alone_;
        Communicator& after = begins_together ? alone_ : *processes;
        const auto first = training_of("lstm", *task_, settings(), before);
        first->advance(5, 1e9);
        first->write_checkpoint(path, {});
        const auto second = training_of("lstm", *task_, settings(), after);
        second->resume(path);
        EXPECT_EQ(second->update_count(), 5);
        EXPECT_LT(largest_difference(finished(*second), finished(*first)), allowed);
    }
}

}  // namespace
}  // namespace elm

int main(int argc, char** argv) { return elm::test::run_on_processes(argc, argv); }
