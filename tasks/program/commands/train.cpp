// elmsim train: trains any registered model on any registered task.

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/training/training_command.h"

namespace elm {
namespace {

int run(const Arguments& arguments) {
    const std::string name = arguments.text("task");
    const TaskEntry& task =
        with_flag("--task", [&]() -> const TaskEntry& { return find_task(name); });
    ELM_CHECK(!arguments.text("out").ends_with(".h5"),
              "--out {}: expected a folder for the model, its checkpoint, metrics and pictures.",
              arguments.text("out"));
    return train_on(task, arguments);
}

}  // namespace

Command train_command() {
    std::vector<Flag> flags = training_flags({});
    flags.insert(flags.begin(), {"task", "NAME", "what to learn, see elmsim list tasks"});
    flags.push_back({"train", "LIST",
                     "samples of --data to train on: 0:48 or 0,3,7:20; default the first 80 %"});
    flags.push_back({"validate", "LIST",
                     "samples of --data to validate on; default the next 10 %, the rest to test"});
    return {
        .name = "train",
        .summary = "trains a model on a task",
        .examples =
            {"elmsim train --task adding --model elm --budget 2000u --out runs/adding",
             "elmsim train --task adding --set adding.steps=1000 --model elm,lstm,tcn "
             "--budget 10m --out runs/long",
             "elmsim train --task pathfinder --data px/ --model elm --out runs/px",
             "elmsim train --task adding --model elm --budget 2000u --out runs/adding --resume"},
        .shared = {"model", "data", "out", "force", "plot", "device", "precision", "threads",
                   "seed"},
        .options = std::move(flags),
        .run = run,
    };
}

}  // namespace elm
