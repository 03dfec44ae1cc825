#pragma once

#include <vector>

#include "tasks/program/command.h"

namespace elm {

inline constexpr const char* spoken_digits_name = "spoken-digits";

/// Flags of elmsim generate spoken-digits alone.
std::vector<Flag> spoken_flags();
int generate_spoken(const Arguments& arguments);

}  // namespace elm
