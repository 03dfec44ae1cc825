#pragma once

#include <memory>

#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "tasks/task_registry.h"

namespace elm {

class Arguments;

/// The task that --data, --train and --validate ask for; what its files tell of its options is put
/// into them. Throws as TaskEntry::make and open_samples() do, naming the flag.
std::unique_ptr<Task> open_task(const TaskEntry& entry, OptionSet& options,
                                const Arguments& arguments, const Config& preset);

}  // namespace elm
