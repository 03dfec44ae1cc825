// elmsim fit: fits models of a neuron to recorded input and output.

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/training/training_command.h"

namespace elm {
namespace {

const TaskEntry& task() { return find_task("neuronio"); }

int run(const Arguments& arguments) {
    ELM_CHECK(arguments.text("out").ends_with(".h5"),
              "--out {}: expected the name of a model file that ends in .h5",
              arguments.text("out"));
    return train_on(task(), arguments);
}

}  // namespace

Command fit_command() {
    std::vector<std::string> presets;
    for (const Preset& preset : task().presets) presets.push_back(preset.name);
    std::vector<Flag> flags = training_flags(presets);
    flags.insert(
        flags.begin() + 4,
        {{"train", "LIST", "simulations to train on: 0:48 or 0,3,7:20; default the others"},
         {"validate", "LIST", "simulations to score on; default the last quarter"}});
    return {
        .name = "fit",
        .summary = "fits a model of a neuron to recorded input and output",
        .examples =
            {"elmsim fit --data train.h5 --model elm --memory 20 --out fit.h5",
             "elmsim fit --data train.h5 --preset neuronio --memory 1,2,5,10,20,50 --budget "
             "20000u --out sweep.h5",
             "elmsim fit --data train.h5 --memory 20 --out fit.h5 --resume"},
        .shared = {"model", "data", "out", "force", "plot", "device", "precision", "threads",
                   "seed"},
        .options = std::move(flags),
        .run = run,
    };
}

}  // namespace elm
