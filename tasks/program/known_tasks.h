#pragma once

#include <span>

namespace elm {

class Arguments;

/// A task of the program: what `list tasks` tells and `generate` makes.
struct KnownTask {
    const char* name;
    const char* summary;
    const char* commands;               // that know it
    int (*generate)(const Arguments&);  // makes a data set, returns the exit code
};

std::span<const KnownTask> known_tasks();

}  // namespace elm
