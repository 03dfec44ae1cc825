// A whole loop on a small task: all arms, all files, equal compute, a kill and a way on, one thread
// and several. What comes out of it is printed, and no criterion.

#include "tasks/arena/flywheel/flywheel.h"

#include <atomic>
#include <filesystem>
#include <iostream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "tasks/arena/flywheel/flywheel_report.h"
#include "tests/arena/loop_files.h"
#include "tests/arena/small_arena.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class FlywheelLoop : public testing::Test {
protected:
    FlywheelLoop() {
        BuildOptions build{.task = test::small_task(), .sizes = test::small_sizes()};
        build.committee_size = 2;
        build.committee_updates = 10;
        build.recipe = recipe_;
        build.out = folder_ / "arena";
        arena_ = build_arena(stream_, build, [] {});
        pool_ = open_pool(arena_);
    }
    FlywheelOptions options(const std::string& name) const {
        FlywheelOptions loop;
        loop.opponents = {"lstm", "gru"};
        loop.model_options = {{"lstm", {{"units", std::int64_t{12}}}},
                              {"elm", {{"num_memory", std::int64_t{4}}}}};
        loop.n_seeds = 2;
        loop.rounds = 1;
        for (int k = 1; k < n_arms; ++k) loop.controls.push_back(static_cast<Arm>(k));
        loop.target_updates = 5;
        loop.opponent_updates = 300;
        loop.stage_updates = 40;
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
    ArenaSet arena_;
    std::unique_ptr<ArenaPool> pool_;
};

TEST_F(FlywheelLoop, runs_all_arms_at_equal_compute_and_tells_what_came_of_it) {
    const FlywheelOptions loop = options("loop");
    const FlywheelResults results = run(loop);
    // 8 arms of 3 stages, the start, and the reference, of 2 seeds.
    ASSERT_EQ(results.stages.size(), 2u * (8 * 3 + 2));
    double of_f = 0;
    for (const StageResult& one : results.stages) {
        if (one.arm == "F" && one.stage == 2) of_f = one.forwards;
    }
    for (const StageResult& one : results.stages) {
        if (one.stage == 2) {
            EXPECT_NEAR(one.forwards / of_f, 1, 0.01) << one.arm;
        }
        if (one.stage >= 0) {
            EXPECT_GT(one.chosen, 0) << one.arm;
        }
        EXPECT_EQ(one.predictions.part(part::test).size(), std::ssize(arena_.part(part::test)));
    }
    const FlywheelReport report(results, loop, 0.1, 50);
    EXPECT_EQ(report.differences().size(), 7u);
    for (const ArmDifference& one : report.differences()) {
        EXPECT_NEAR(one.forwards_ratio, 1, 0.01);
        EXPECT_GE(one.p_holm, one.quality.p);
    }
    EXPECT_EQ(report.figure().panels.front().curves.size(), 9u);
    std::cout << report.difference_table().to_text() << report.verdict() << '\n';
}

TEST_F(FlywheelLoop, of_eight_seeds_and_four_opponents_leaves_all_files_at_equal_compute) {
    FlywheelOptions loop = options("wide");
    loop.opponents = {"lstm", "gru", "tcn", "lif"};
    loop.n_opponents = 4;
    loop.n_seeds = 8;
    loop.stage_updates = 20;
    const FlywheelResults results = run(loop);
    EXPECT_EQ(results.opponents.size() + results.left_out.size(), 4u);
    std::map<std::string, double> forwards;
    for (const StageResult& one : results.stages) {
        if (one.stage == 2) forwards[one.arm] = one.forwards;
        const std::string stem =
            fmt::format("{}/stages/{}-seed{}-{}", loop.out, one.arm, one.seed,
                        one.stage < 0 ? "start" : fmt::format("stage{}", one.stage + 1));
        for (const char* const end : {".model.h5", ".predictions.h5", ".selected.idx", ".toml"}) {
            EXPECT_TRUE(std::filesystem::exists(stem + end)) << stem << end;
        }
    }
    EXPECT_EQ(forwards.size(), 9u);  // F, C1 to C7, U
    for (const auto& [arm, spent] : forwards) EXPECT_NEAR(spent / forwards["F"], 1, 0.01) << arm;
    const FlywheelReport report(results, loop, 0.1, 200);
    // No criterion: whether F beats C2, and C7 gains nothing, on so little.
    std::cout << report.difference_table().to_text() << report.verdict() << '\n';
}

TEST_F(FlywheelLoop, sweeps_thresholds_on_arena_dev_alone) {
    FlywheelOptions loop = options("swept");
    loop.controls.clear();
    loop.stage_updates = 5;
    loop.sweeps_thresholds = true;
    const FlywheelResults results = run(loop);
    ASSERT_EQ(results.sweep.size(), 12u);  // 0 to 5, of replays and of preferences
    std::map<StageKind, double> best;
    for (const SweptThreshold& one : results.sweep) {
        EXPECT_GE(one.score, 1);
        EXPECT_LE(one.used, one.threshold);
        if (one.is_best) best[one.kind] = one.threshold;
        for (const SweptThreshold& other : results.sweep) {
            if (one.is_best && other.kind == one.kind) {
                EXPECT_GE(one.score, other.score);
            }
        }
    }
    ASSERT_EQ(best.size(), 2u);
    for (const StageResult& one : results.stages) {
        if (one.arm != "F" || one.kind == "preference") continue;
        EXPECT_LE(one.threshold, best.at(StageKind::replay)) << "lowered at most";
    }
    // Nothing of a sweep has seen ARENA-TEST or TEST.
    for (const auto& [name, bytes] : test::files_of(loop.out + "/sweep")) {
        if (!name.ends_with(".predictions.h5")) continue;
        const Predictions swept = read_predictions(loop.out + "/sweep/" + name);
        ASSERT_EQ(swept.parts.size(), 1u) << name;
        EXPECT_EQ(swept.parts.front().part, part::dev);
    }
    FlywheelOptions again = loop;
    again.out = folder_ / "swept again";
    run(again);
    test::expect_same_files(loop.out, again.out);
}

TEST_F(FlywheelLoop, that_is_cut_goes_on_to_the_same_files_on_any_number_of_threads) {
    FlywheelOptions loop = options("whole");
    loop.controls = {Arm::random_subset, Arm::another_target};
    const int before = thread_count();
    set_thread_count(1);
    run(loop);
    set_thread_count(16);
    loop.out = folder_ / "cut";
    for (int pieces = 4; pieces < 20; pieces += 5) {
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

TEST_F(FlywheelLoop, stops_clearly_where_nobody_is_better_than_the_target) {
    FlywheelOptions loop = options("strong");
    loop.target_updates = 400;
    loop.opponent_updates = 1;
    EXPECT_NE(test::message_of([&] { run(loop); }).find("no opponent is better than the target"),
              std::string::npos);
    loop.rounds = 4;
    EXPECT_NE(test::message_of([&] { run(loop); }).find("take 12 parts, and an arena has 9"),
              std::string::npos);
}

}  // namespace
}  // namespace elm
