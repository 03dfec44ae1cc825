#pragma once

namespace elm {

class Arguments;

/// Compares the models of --models on the tasks of --task and shows what came out. Returns the exit
/// code.
int compare_on_tasks(const Arguments& arguments);

}  // namespace elm
