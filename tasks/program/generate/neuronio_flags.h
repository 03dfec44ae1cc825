#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/neuronio/neuronio_set.h"
#include "tasks/program/command.h"

namespace elm {

class Arguments;
class RunContext;

/// Flags of `elmsim generate neuronio` alone.
std::vector<Flag> neuronio_flags();

/// The set that they ask for. Throws Error{invalid} for values that no set can have.
NeuronIoSet read_neuronio_set(const Arguments& arguments, RunContext& context);

/// Configuration that a file is made by: the flags that decide its bits.
std::string neuronio_config(const Arguments& arguments, const Values& made_of, std::int64_t first,
                            std::int64_t count);

}  // namespace elm
