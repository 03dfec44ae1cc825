// The ELM's fused pass where a task gives dense values, against the tape.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "tasks/task_registry.h"
#include "tasks/training/training.h"
#include "tests/tasks/training/on_tape.h"

namespace elm {
namespace {

class DenseTraining : public testing::Test {
protected:
    static std::unique_ptr<Task> adding() {
        const TaskEntry& entry = find_task("adding");
        OptionSet options = entry.options();
        options.set("steps", "40");
        return entry.make(options, {});
    }
    static TrainingSettings settings() {
        TrainingSettings s;
        s.updates = 6;
        s.batch = 7;  // tiles of 4, 2 and 1
        s.seed = 7;
        s.precision = DType::f64;
        s.optimizer.rule = OptimizerRule::sgd;
        s.learning_rate = {.peak = 1e-3};
        return s;
    }
    FittedModel model(double dropout) const {
        return make_model({.model = "elm",
                           .options = {{"num_memory", 9}},
                           .shape = task_->spec().shape,
                           .front_end = {{"input_dropout", dropout}}});
    }
    std::unique_ptr<Training> fused(double dropout, const TrainingSettings& s) {
        return std::make_unique<Training>(stream_, model(dropout), s, *task_, alone_);
    }
    static std::vector<double> parameters(const Training& training) {
        const auto values = training.fitted().parameters.values.host<double>();
        return {values.begin(), values.end()};
    }

    Stream stream_{Device{}};
    Communicator alone_;
    const std::unique_ptr<Task> task_ = adding();
};

TEST_F(DenseTraining, learns_what_the_tape_learns) {
    ASSERT_EQ(task_->spec().input, InputKind::dense);
    std::vector<std::vector<double>> moved;
    for (const double dropout : {0.0, 0.4}) {
        const auto direct = fused(dropout, settings());
        FittedModel inner = model(dropout);
        const ModelSpec spec = inner.spec;
        Training taped(stream_, {spec, std::make_unique<test::OnTape>(std::move(inner))},
                       settings(), *task_, alone_);
        ASSERT_NE(direct->pass(), nullptr);
        ASSERT_EQ(taped.pass(), nullptr);
        const std::vector<double> start = parameters(*direct);
        direct->advance(6, 600);
        taped.advance(6, 600);
        // The same sums of 7 samples x 40 steps x 20 terms in another order, six updates of 0.001.
        const double allowed = 8 * 2.2e-16 * std::sqrt(5600.0);
        EXPECT_NEAR(taped.report().loss.mean(task_->spec()),
                    direct->report().loss.mean(task_->spec()), allowed);
        const std::vector<double> a = parameters(*direct), b = parameters(taped);
        ASSERT_EQ(a.size(), b.size());
        double most = 0;
        for (std::size_t k = 0; k < a.size(); ++k) {
            ASSERT_NEAR(a[k], b[k], allowed) << k;
            most = std::max(most, std::abs(a[k] - start[k]));
        }
        EXPECT_GT(most, 1e-3);
        moved.push_back(a);
    }
    EXPECT_NE(moved[0], moved[1]);
}

TEST_F(DenseTraining, has_the_same_bits_for_any_threads_parts_of_time_and_recomputed) {
    const auto expected = fused(0.4, settings());
    expected->advance(6, 600);
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        const auto other = fused(0.4, settings());
        if (threads == 4) {
            EXPECT_TRUE(other->pass()->recompute());
        }
        other->advance(6, 600);
        EXPECT_EQ(parameters(*other), parameters(*expected)) << threads;
    }
    set_thread_count(0);
}

}  // namespace
}  // namespace elm
