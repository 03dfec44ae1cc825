// Memory of a training: what buffers take, and a batch in as few parts as fit.

#include "tasks/training/plan/memory_plan.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/memory.h"
#include "kernels/core/support/error.h"
#include "kernels/core/tensor.h"
#include "tasks/task_registry.h"
#include "tasks/training/training.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

TEST(PeakBuffers, counts_the_most_that_were_there_at_once) {
    Stream host{Device{}};
    const Tensor before = Tensor::zeros(host, {1000}, DType::f64);
    const PeakBuffers peak(DeviceKind::cpu);
    EXPECT_EQ(peak.bytes(), 0);
    {
        const Tensor one = Tensor::zeros(host, {100}, DType::f32);
        { const Tensor two = Tensor::zeros(host, {50}, DType::f64); }
        const Tensor three = Tensor::zeros(host, {10}, DType::f64);
    }
    EXPECT_EQ(peak.bytes(), 100 * 4 + 50 * 8);
    EXPECT_GT(free_memory_bytes(Device{}), 1e6);
}

/// Files as the kernel has them, in a folder.
class ControlGroups : public testing::Test {
protected:
    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = std::filesystem::path(folder_.path()) / path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text << "\n";
    }
    double free() const { return free_group_bytes(folder_ / "groups", folder_ / "mount"); }

    test::TemporaryDirectory folder_;
};

TEST_F(ControlGroups, leave_what_the_tightest_one_around_leaves) {
    EXPECT_GT(free(), 1e300);
    write("groups", "0::/user/job/step");
    EXPECT_GT(free(), 1e300);
    write("mount/user/job/step/memory.max", "max");
    write("mount/user/job/step/memory.current", "500");
    EXPECT_GT(free(), 1e300);
    write("mount/user/memory.max", "9000");
    write("mount/user/memory.current", "1000");
    EXPECT_EQ(free(), 8000);
    write("mount/user/job/memory.max", "5000");
    write("mount/user/job/memory.current", "600");
    EXPECT_EQ(free(), 4400);
    write("mount/user/job/step/memory.max", "400");
    EXPECT_EQ(free(), 0);
}

TEST_F(ControlGroups, of_the_first_version_and_of_a_container_are_known) {
    write("groups", "9:name=systemd:/\n4:cpu,memory:/job\n0::/");
    write("mount/memory/job/memory.limit_in_bytes", "7000");
    write("mount/memory/job/memory.usage_in_bytes", "100");
    EXPECT_EQ(free(), 6900);
    write("mount/memory/memory.limit_in_bytes", "3000");
    EXPECT_EQ(free(), 3000);
    // Groups by their names outside, of which there are no folders inside.
    write("groups", "0::/outside/of/this");
    write("mount/memory.max", "2000");
    EXPECT_EQ(free(), 2000);
    write("groups", "no group\n0");
    EXPECT_EQ(free(), 2000);
}

TEST(BatchParts, are_the_fewest_equal_ones_that_fit) {
    const MemoryNeed need{.fixed = 10, .per_sample = 5};
    EXPECT_EQ(batch_parts(need, 12, 1000), 1);
    EXPECT_EQ(batch_parts(need, 12, 70), 1);
    EXPECT_EQ(batch_parts(need, 12, 69), 2);  // of 6: 40
    EXPECT_EQ(batch_parts(need, 12, 39), 3);  // of 4: 30
    EXPECT_EQ(batch_parts(need, 12, 15), 12);
    EXPECT_EQ(batch_parts(need, 7, 40), 7);
    try {
        batch_parts({.fixed = 2e9, .per_sample = 1e9}, 12, 1e9);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::memory);
        EXPECT_NE(error.message().find("takes 3 GB"), std::string::npos) << error.message();
        EXPECT_NE(error.message().find("training.memory_limit"), std::string::npos);
    }
}

/// Of an LSTM on the adding problem of so many steps.
MemoryNeed need_of(std::int64_t steps, std::int64_t units) {
    const TaskEntry& entry = find_task("adding");
    OptionSet options = entry.options();
    options.set("steps", std::to_string(steps));
    const auto task = entry.make(options, {});
    Stream stream{Device{}};
    Communicator alone;
    Training training(
        stream,
        make_model({.model = "lstm", .options = {{"units", units}}, .shape = task->spec().shape}),
        {.updates = 1}, *task, alone);
    return measure_memory(training);
}

TEST(PassPlan, of_a_model_on_spikes_computes_again_before_it_takes_parts) {
    const TaskEntry& entry = find_task("parity");
    OptionSet options = entry.options();
    options.set("steps", "400");
    const auto task = entry.make(options, {});
    Stream stream{Device{}};
    Communicator alone;
    Training training(stream, make_model({.model = "elm", .shape = task->spec().shape}),
                      {.updates = 1}, *task, alone);
    const MemoryNeed need = measure_memory(training);
    const double whole = need.of(8);
    EXPECT_GT(need.pass(8), 0);
    EXPECT_FALSE(plan_passes(training, need, 8, whole).recomputes);
    const PassPlan plan = plan_passes(training, need, 8, 0.9 * whole);
    EXPECT_TRUE(plan.recomputes);
    EXPECT_EQ(plan.parts, 1);
    EXPECT_LT(need.of(8), 0.9 * whole);
}

TEST(MeasureMemory, grows_with_steps_and_units) {
    const MemoryNeed one = need_of(200, 16), longer = need_of(400, 16), wider = need_of(200, 32);
    // Four gates, cell and output are kept for the way back, in float32, at the least.
    EXPECT_GE(one.per_sample, 200 * 16 * 6 * 4);
    // Linear in both, but for input, targets and output of 4 numbers a step.
    EXPECT_NEAR(longer.per_sample / one.per_sample, 2, 0.05);
    EXPECT_NEAR(wider.per_sample / one.per_sample, 2, 0.15);
}

}  // namespace
}  // namespace elm
