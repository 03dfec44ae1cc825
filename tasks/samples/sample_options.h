#pragma once

#include "kernels/io/option_set.h"

/// Options that many tasks have, and their values.
namespace elm {

/// A whole number from `lowest` to `highest`.
Option whole_option(const char* name, std::int64_t value, const char* help, double lowest,
                    double highest = 1e6);
/// "steps", the length of a sample.
Option steps_option(std::int64_t steps, double fewest);

/// The value of a whole number that is there.
int number(const OptionSet& options, const char* name);
double number(const Values& options, const char* name);

}  // namespace elm
