// elmsim generate: makes a data set.

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/generate/generate_neuronio.h"
#include "tasks/program/generate/generate_set.h"
#include "tasks/program/generate/generate_spoken.h"
#include "tasks/program/generate/neuronio_flags.h"
#include "tasks/program/set_flags.h"
#include "tasks/task_registry.h"

namespace elm {
namespace {

constexpr const char* neuronio = "neuronio";

std::vector<std::string> task_names() {
    std::vector<std::string> names{neuronio, spoken_digits_name};
    for (const TaskEntry* const task : drawn_tasks()) names.push_back(task->name);
    return names;
}

enum class Generator { of_neuronio, of_set, of_spoken };

std::vector<Flag> flags_of(Generator generator) {
    if (generator == Generator::of_neuronio) return neuronio_flags();
    if (generator == Generator::of_spoken) {
        std::vector<Flag> flags = spoken_flags();
        flags.push_back({"count", "", ""});
        flags.push_back({"resume", "", ""});
        return flags;
    }
    std::vector<Flag> flags = generate_set_flags();
    for (Flag& flag : set_option_flags()) flags.push_back(std::move(flag));
    flags.push_back({"first", "", "", "0"});
    flags.push_back({"resume", "", ""});
    return flags;
}

/// Refuses flags of other generators alone.
void refuse_others(const Arguments& arguments, Generator own, const std::string& wanted) {
    const std::vector<Flag> mine = flags_of(own);
    for (const Generator other :
         {Generator::of_neuronio, Generator::of_set, Generator::of_spoken}) {
        std::vector<Flag> flags = flags_of(other);
        std::erase_if(flags, [&](const Flag& flag) {
            return std::any_of(mine.begin(), mine.end(),
                               [&](const Flag& known) { return known.name == flag.name; });
        });
        refuse_flags(arguments, flags, wanted);
    }
}

int run(const Arguments& arguments) {
    const std::vector<std::string> names = task_names();
    ELM_CHECK(arguments.words().size() == 1, "elmsim generate: expected one of {}.",
              fmt::join(names, ", "));
    const std::string& wanted = arguments.words().front();
    if (wanted == neuronio) {
        refuse_others(arguments, Generator::of_neuronio, wanted);
        return generate_neuronio(arguments);
    }
    if (wanted == spoken_digits_name) {
        refuse_others(arguments, Generator::of_spoken, wanted);
        return generate_spoken(arguments);
    }
    if (const TaskEntry* const task = drawn_task_called(wanted); task != nullptr) {
        refuse_others(arguments, Generator::of_set, wanted);
        return generate_set(arguments, *task);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("elmsim generate {}: expected {}.{}", wanted, fmt::join(names, ", "),
                            nearest_hint(wanted, names)));
}

std::vector<Flag> all_flags() {
    std::vector<Flag> flags = neuronio_flags();
    for (Flag& flag : generate_set_flags()) flags.push_back(std::move(flag));
    for (Flag& flag : spoken_flags()) flags.push_back(std::move(flag));
    for (Flag& flag : set_option_flags()) flags.push_back(std::move(flag));
    return flags;
}

}  // namespace

Command generate_command() {
    return {.name = "generate",
            .summary = "makes a data set",
            .examples = {"elmsim generate pathfinder --size 128 --count 200000 --out path-x/",
                         "elmsim generate listops --count 100000 --seed 7 --out listops.tsv",
                         ("elmsim generate spoken-digits --count 10000 --out spoken/ --plot "
                          "spoken.png"),
                         ("elmsim generate neuronio --simulations 128 --out train.h5 --plot "
                          "train.png"),
                         ("elmsim generate neuronio --simulations 1000 --simulations-per-file 100 "
                          "--seed 7 --out data/ --resume")},
            .words = "TASK",
            .word_choices = task_names(),
            .shared = {"out", "force", "plot", "device", "precision", "threads", "seed"},
            .options = all_flags(),
            .run = run};
}

}  // namespace elm
