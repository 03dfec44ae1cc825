#pragma once

#include <string>
#include <vector>

#include "kernels/io/option_set.h"
#include "tasks/program/command.h"
#include "tasks/task_registry.h"

namespace elm {

class Arguments;

/// One flag for each option that the samples of some task have, "most_length" is --most-length, and
/// for the names that they had in older programs.
std::vector<Flag> set_option_flags();

/// The options of the samples of a task as flags say. Throws Error{invalid} for a value out of
/// range, naming the flag, and for a flag of another task.
OptionSet read_set_options(const Arguments& arguments, const TaskEntry& task);

/// Throws Error{invalid} where one of these flags was given: `taker` does not take it.
void refuse_flags(const Arguments& arguments, const std::vector<Flag>& flags,
                  const std::string& taker);

}  // namespace elm
