#pragma once

#include <string_view>

#include "kernels/io/option_set.h"

namespace elm {

/// Sets options from a list in one text, "rate_hz=200, step_ms=0.5"; `what` names the list in
/// messages. Throws Error{invalid} for what is no list, and as OptionSet::set.
void set_listed(OptionSet& options, std::string_view list, std::string_view what);

}  // namespace elm
