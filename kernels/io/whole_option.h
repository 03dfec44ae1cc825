#pragma once

#include <cstdint>

#include "kernels/io/option_set.h"

namespace elm {

/// A whole number from `lowest` to `highest`.
Option whole_option(const char* name, std::int64_t value, const char* help, double lowest,
                    double highest = 1e6, const char* unit = "");

}  // namespace elm
