#pragma once

#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"

/// Options that many tasks have, and their values.
namespace elm {

/// "steps", the length of a sample.
Option steps_option(std::int64_t steps, double fewest);

/// The value of a whole number that is there.
int number(const OptionSet& options, const char* name);
double number(const Values& options, const char* name);

}  // namespace elm
