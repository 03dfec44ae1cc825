#pragma once

#include <string>
#include <vector>

#include "tasks/program/arguments.h"

namespace elm {

struct Command;

/// Reads what follows the name of a command, and the configuration file it names. Throws
/// Error{invalid} for flags the command does not have, with the nearest one, and for missing or
/// superfluous values.
Arguments parse_command_line(const Command& command, const std::vector<std::string>& words);

}  // namespace elm
