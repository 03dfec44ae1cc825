// Training of models behind a front end or dropout, with smoothed labels.

#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tasks/task_registry.h"
#include "tasks/training/training.h"
#include "tasks/training/training_group.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/training/on_tape.h"

namespace elm {
namespace {

class SurroundedTraining : public testing::Test {
protected:
    static std::unique_ptr<Task> recall() {
        const TaskEntry& entry = find_task("recall");
        OptionSet options = entry.options();
        options.set("pairs", "3");
        options.set("vocabulary", "8");
        return entry.make(options, {});
    }
    static TrainingSettings settings(DType precision = DType::f32) {
        TrainingSettings s;
        s.updates = 12;
        s.batch = 6;
        s.accumulation_steps = 2;
        s.seed = 7;
        s.precision = precision;
        s.label_smoothing = 0.1;
        s.learning_rate = {.peak = 0.01};
        return s;
    }
    FittedModel model(const std::string& name, const Values& front_end, Values options = {}) const {
        if (name == "elm") options["num_memory"] = std::int64_t{6};
        return make_model({.model = name,
                           .options = options,
                           .shape = task_->spec().shape,
                           .front_end = front_end});
    }
    std::unique_ptr<Training> make(const std::string& name, const Values& front_end) {
        return std::make_unique<Training>(stream_, model(name, front_end), settings(), *task_,
                                          alone_);
    }
    static std::vector<float> parameters(const Training& training) {
        const auto values = training.fitted().parameters.values.host<float>();
        return {values.begin(), values.end()};
    }
    static std::vector<Values> front_ends() {
        const std::string embedding = "embedding", linear = "linear";
        return {{{"input_dropout", 0.3}},
                {{"kind", embedding}, {"width", std::int64_t{5}}, {"input_dropout", 0.3}},
                {{"kind", linear}, {"width", std::int64_t{5}}, {"class_token", true}}};
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::TemporaryDirectory folder_;
    const std::unique_ptr<Task> task_ = recall();
};

TEST_F(SurroundedTraining, has_the_same_bits_for_any_number_of_threads_and_after_a_resume) {
    const std::string path = folder_ / "run.checkpoint.h5";
    const std::string elm = "elm";
    for (const std::string& model : {elm, std::string("lstm")}) {
        for (const Values& front_end : front_ends()) {
            const auto whole = make(model, front_end);
            EXPECT_EQ(whole->pass() != nullptr, !front_end.contains("kind") && model == elm);
            whole->advance(12, 600);
            for (const int threads : {2, 4}) {
                set_thread_count(threads);
                const auto other = make(model, front_end);
                other->advance(12, 600);
                EXPECT_EQ(parameters(*other), parameters(*whole)) << model;
            }
            set_thread_count(0);
            const auto cut = make(model, front_end);
            cut->advance(5, 600);
            cut->write_checkpoint(path, {});
            const auto resumed = make(model, front_end);
            resumed->resume(path);
            resumed->advance(12, 600);
            EXPECT_EQ(parameters(*resumed), parameters(*whole)) << model;
        }
    }
}

/// Fused, spikes of dropped channels are left out and the others weigh more; on the tape they are
/// dense values.
TEST_F(SurroundedTraining, drops_the_same_on_the_fused_pass_as_on_the_tape) {
    TrainingSettings s = settings(DType::f64);
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    std::vector<std::vector<double>> moved;
    for (const double dropout : {0.0, 0.3}) {
        const Values front_end{{"input_dropout", dropout}};
        Training fused(stream_, model("elm", front_end), s, *task_, alone_);
        ASSERT_NE(fused.pass(), nullptr);
        FittedModel inner = model("elm", front_end);
        const ModelSpec spec = inner.spec;
        Training taped(stream_, {spec, std::make_unique<test::OnTape>(std::move(inner))}, s, *task_,
                       alone_);
        ASSERT_EQ(taped.pass(), nullptr);
        fused.advance(3, 600);
        taped.advance(3, 600);
        // Sums of 12 samples x 20 steps x 20 terms in another order, three updates of 0.1.
        const double allowed = 8 * 2.2e-16 * std::sqrt(4800.0);
        EXPECT_NEAR(taped.report().loss.mean(task_->spec()),
                    fused.report().loss.mean(task_->spec()), allowed);
        const auto a = fused.fitted().parameters.values.host<double>();
        const auto b = taped.fitted().parameters.values.host<double>();
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], allowed) << k;
        moved.emplace_back(a.begin(), a.end());
    }
    EXPECT_NE(moved[0], moved[1]);
}

/// What is dropped within a model follows from the number of a sample as well.
TEST_F(SurroundedTraining, parts_of_a_batch_have_the_gradient_of_the_whole) {
    TrainingSettings s = settings(DType::f64);
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    const Values network{
        {"neurons", std::int64_t{7}}, {"input_dropout", 0.3}, {"recurrent_dropout", 0.3}};
    for (const auto& [name, front_end, options] : {std::tuple{"elm", front_ends()[0], Values{}},
                                                   std::tuple{"lstm", front_ends()[1], Values{}},
                                                   std::tuple{"elm_network", Values{}, network}}) {
        std::vector<double> whole;
        for (const std::int64_t parts : {1, 2, 6}) {
            s.batch_parts = parts;
            Training training(stream_, model(name, front_end, options), s, *task_, alone_);
            training.advance(3, 600);
            const auto values = training.fitted().parameters.values.host<double>();
            if (parts == 1) whole.assign(values.begin(), values.end());
            // Sums of 12 samples x 20 steps x 20 terms in another order, three updates of 0.1.
            const double allowed = 8 * 2.2e-16 * std::sqrt(4800.0);
            for (std::size_t k = 0; k < whole.size(); ++k) {
                ASSERT_NEAR(values[k], whole[k], allowed) << name << ", parts " << parts;
            }
        }
    }
}

/// Side by side in the lanes of vectors, too.
TEST_F(SurroundedTraining, drops_in_a_group_what_each_drops_alone) {
    std::vector<std::unique_ptr<Training>> alone, together;
    std::vector<Training*> members;
    for (const std::uint64_t seed : {7U, 8U, 9U}) {
        for (auto* const all : {&alone, &together}) {
            TrainingSettings s = settings(DType::f64);
            s.seed = seed;
            s.accumulation_steps = 1;
            s.batch = 32;
            all->push_back(std::make_unique<Training>(
                stream_,
                // Few branches, as neurons have that share vectors.
                model("elm", {{"input_dropout", 0.3}},
                      {{"num_branch", std::int64_t{1}},
                       {"num_synapse_per_branch", std::int64_t{10}},
                       {"input_to_synapse_routing", std::string("random_routing")}}),
                s, *task_, alone_));
        }
        members.push_back(together.back().get());
    }
    ASSERT_EQ(TrainingGroup::choose(members).size(), 3u);
    TrainingGroup group(members);
    group.advance(1, 600);
    for (std::size_t m = 0; m < 3; ++m) {
        alone[m]->advance(1, 600);
        // Sums of 32 samples x 20 steps x 20 terms in another order.
        const double loss = alone[m]->report().loss.mean(task_->spec());
        EXPECT_NEAR(together[m]->report().loss.mean(task_->spec()), loss,
                    8 * 2.2e-16 * std::sqrt(12800.0));
    }
}

TEST_F(SurroundedTraining, labels_that_are_none_are_not_smoothed) {
    const TaskEntry& adding = find_task("adding");
    const auto task = adding.make(adding.options(), {});
    EXPECT_THROW(Training(stream_, make_model({.model = "lstm", .shape = task->spec().shape}),
                          settings(), *task, alone_),
                 Error);
}

}  // namespace
}  // namespace elm
