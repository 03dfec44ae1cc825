// elmsim generate: makes a data set.

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/generate_neuronio.h"
#include "tasks/program/known_tasks.h"

namespace elm {
namespace {

std::vector<std::string> task_names() {
    std::vector<std::string> names;
    for (const KnownTask& task : known_tasks()) names.emplace_back(task.name);
    return names;
}

int run(const Arguments& arguments) {
    const std::vector<std::string> names = task_names();
    ELM_CHECK(arguments.words().size() == 1, "elmsim generate: expected one of {}.",
              fmt::join(names, ", "));
    const std::string& wanted = arguments.words().front();
    for (const KnownTask& task : known_tasks()) {
        if (wanted == task.name) return task.generate(arguments);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("elmsim generate {}: expected {}.{}", wanted, fmt::join(names, ", "),
                            nearest_hint(wanted, names)));
}

}  // namespace

Command generate_command() {
    return {.name = "generate",
            .summary = "makes a data set",
            .examples = {"elmsim generate neuronio --simulations 128 --out train.h5 --plot "
                         "train.png",
                         "elmsim generate neuronio --simulations 1000 --simulations-per-file 100 "
                         "--seed 7 --out data/ --resume"},
            .words = "TASK",
            .word_choices = task_names(),
            .shared = {"out", "force", "plot", "device", "precision", "threads", "seed"},
            .options = neuronio_flags(),
            .run = run};
}

}  // namespace elm
