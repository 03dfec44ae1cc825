// What a checkpoint of the largest published run takes on the disk.

#include <filesystem>

#include <gtest/gtest.h>

#include "tasks/task_registry.h"
#include "tasks/training/recipe.h"
#include "tasks/training/training.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

/// Parameters and two moments of Adam, 93,310 numbers each, and the history.
TEST(CheckpointSize, of_path_x_is_at_most_16_megabytes) {
    const TaskEntry& entry = find_task("pathfinder-x");
    const Config preset = find_preset(entry, "paper");
    OptionSet options = entry.options();
    set_options(options, preset.sections.at("pathfinder-x"));
    const auto task = entry.make(options, {});
    TrainingSettings settings;
    settings.updates = 62500;
    settings.optimizer.rule = OptimizerRule::adam;
    Stream stream{Device{}};
    Communicator alone;
    Training training(
        stream,
        make_model(
            {.model = "elm", .options = preset.sections.at("elm"), .shape = task->spec().shape}),
        settings, *task, alone);
    EXPECT_EQ(trainable_count(training.module()), 93'310);
    const test::TemporaryDirectory folder;
    training.write_checkpoint(folder / "checkpoint.h5", preset);
    EXPECT_LE(std::filesystem::file_size(folder / "checkpoint.h5"), 16'000'000U);
    EXPECT_GT(std::filesystem::file_size(folder / "checkpoint.h5"), 3U * 4 * 93'310);
}

}  // namespace
}  // namespace elm
