// The loop for a target that answers with numbers: fits of a neuron on windows of simulations. All
// arms, a kill and a way on, and what is refused. What comes out of it is printed, and no
// criterion.

#include <algorithm>
#include <atomic>
#include <iostream>

#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "tasks/arena/flywheel/flywheel_report.h"
#include "tests/arena/loop_files.h"
#include "tests/arena/small_neuronio.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class NeuronIoLoop : public testing::Test {
protected:
    NeuronIoLoop() {
        recipe_.training.set("batch", "4");
        recipe_.training.set("learning_rate", "0.01");
        BuildOptions build{.task = test::small_neuronio(folder_ / "set.h5"),
                           .sizes = test::small_neuronio_sizes()};
        build.committee = {"lstm"};
        build.committee_size = 1;
        build.committee_updates = 5;
        build.model_options = model_options_;
        build.recipe = recipe_;
        build.out = folder_ / "arena";
        arena_ = build_arena(stream_, build, [] {});
        pool_ = open_pool(arena_);
    }
    FlywheelOptions options(const std::string& name) const {
        FlywheelOptions loop;
        loop.opponents = {"lstm", "tcn"};
        loop.model_options = model_options_;
        loop.n_seeds = 2;
        loop.rounds = 1;
        loop.stages = {StageKind::replay, StageKind::distillation, StageKind::preference};
        loop.thresholds = {0.5};
        loop.pair_threshold = 0.5;
        for (int k = 1; k < n_arms; ++k) loop.controls.push_back(static_cast<Arm>(k));
        loop.target_updates = 3;
        loop.opponent_updates = 150;
        loop.stage_updates = 8;
        loop.lessons.preference.beta = 0;
        loop.recipe = recipe_;
        loop.out = folder_ / name;
        return loop;
    }
    FlywheelResults run(
        const FlywheelOptions& loop, const std::function<void()>& poll = [] {}) {
        return run_flywheel(stream_, *pool_, arena_, loop, poll);
    }

    test::TemporaryDirectory folder_;
    Stream stream_{Device{}};
    ArenaRecipe recipe_{.training = arena_training_options(), .seed = 1};
    std::map<std::string, Values> model_options_{{"lstm", {{"units", std::int64_t{8}}}},
                                                 {"elm", {{"num_memory", std::int64_t{4}}}}};
    ArenaSet arena_;
    std::unique_ptr<ArenaPool> pool_;
};

TEST_F(NeuronIoLoop, runs_all_arms_at_equal_compute_and_tells_what_came_of_it) {
    const FlywheelOptions loop = options("loop");
    const FlywheelResults results = run(loop);
    ASSERT_EQ(results.stages.size(), 2u * (8 * 3 + 2));
    EXPECT_GT(results.usual, 0);
    double of_f = 0;
    for (const StageResult& one : results.stages) {
        if (one.arm == "F" && one.stage == 2) of_f = one.forwards;
    }
    for (const StageResult& one : results.stages) {
        // Updates are whole: a part of 10 windows is less than one of 4.
        if (one.stage == 2) {
            EXPECT_NEAR(one.forwards / of_f, 1, 12 / of_f) << one.arm;
        }
        const PartAnswers& test = one.predictions.part(part::test);
        EXPECT_EQ(test.n_terms(), 2);
        EXPECT_TRUE(test.outputs.empty());
        EXPECT_EQ(test.group.size(), test.loss.size());
        for (std::size_t k = 0; k < test.loss.size(); ++k) {
            EXPECT_NEAR(test.terms[2 * k] + test.terms[2 * k + 1], test.loss[k],
                        1e-9 * test.loss[k]);
        }
    }
    for (const Predictions& one : results.opponents) {
        EXPECT_EQ(one.part("d1").n_outputs(), 2 * 150);
    }
    const FlywheelReport report(results, loop, 0.1, 50);
    EXPECT_EQ(report.primary().name, "loss");
    ASSERT_EQ(report.differences().size(), 7u);
    // A difference is loss saved: that of the control less that of F.
    const auto loss_after = [&](const std::string& arm) {
        double sum = 0, n = 0;
        for (const StageResult& one : results.stages) {
            if (one.arm != arm || one.stage != 2) continue;
            for (const double loss : one.predictions.part(part::test).loss) {
                sum += loss;
                n += 1;
            }
        }
        return sum / n;
    };
    for (const ArmDifference& one : report.differences()) {
        EXPECT_NEAR(one.quality.value, loss_after(one.control) - loss_after("F"), 1e-9);
    }
    std::cout << report.arm_table().to_text() << report.difference_table().to_text()
              << report.verdict() << '\n';
}

TEST_F(NeuronIoLoop, resamples_simulations_and_not_windows) {
    FlywheelOptions loop = options("groups");
    loop.controls.clear();
    loop.stages = {StageKind::replay};
    const FlywheelResults results = run(loop);
    const SampleFigures figures = quality_by_sample(results.stages.front());
    const PartAnswers& test = results.stages.front().predictions.part(part::test);
    EXPECT_EQ(figures.sums.size(), 4u);  // 20 windows of 4 simulations
    double sum = 0, count = 0;
    for (std::size_t k = 0; k < figures.sums.size(); ++k) {
        sum -= figures.sums[k];
        count += figures.counts[k];
    }
    double expected = 0;
    for (const double loss : test.loss) expected += loss;
    EXPECT_NEAR(sum, expected, 1e-9 * expected);
    EXPECT_EQ(count, static_cast<double>(test.size()));
}

TEST_F(NeuronIoLoop, that_is_cut_goes_on_to_the_same_files_on_any_number_of_threads) {
    FlywheelOptions loop = options("whole");
    loop.controls = {Arm::teacher_random, Arm::shuffled_pairs};
    const int before = thread_count();
    set_thread_count(1);
    run(loop);
    set_thread_count(16);
    loop.out = folder_ / "cut";
    for (int pieces = 4; pieces < 25; pieces += 7) {
        std::atomic<int> left = pieces;
        EXPECT_THROW(run(loop,
                         [&] {
                             if (--left < 0) throw test::Stopped{};
                         }),
                     test::Stopped);
    }
    run(loop);
    set_thread_count(before);
    test::expect_same_files(folder_ / "whole", folder_ / "cut");
}

TEST_F(NeuronIoLoop, refuses_what_has_no_meaning_for_it) {
    FlywheelOptions loop = options("refused");
    loop.stages = {StageKind::replay, StageKind::reward};
    EXPECT_NE(test::message_of([&] {
                  run(loop);
              }).find("a stage reward is of answers that can be counted through"),
              std::string::npos);
    OptionSet chosen = flywheel_options();
    choose_stages(*pool_, chosen);
    EXPECT_EQ(chosen.get<std::string>("stages"), "replay,distillation,preference");
    loop = options("strong");
    loop.target_updates = 150;
    loop.opponent_updates = 1;
    EXPECT_NE(test::message_of([&] { run(loop); }).find("no opponent is better than the target"),
              std::string::npos);
}

}  // namespace
}  // namespace elm
