#pragma once

#include <string>

#include "tests/support/op_case.h"

namespace elm::test {

/// Compares gradients, for outputs f and output gradients w, with central differences of w·f:
/// along each of up to `most_elements` elements of each input, and along one random direction
/// through all elements at once, which sees an error in any of them. Empty if they agree.
///
/// With a step h the difference has an error of h² f''' and of epsilon |f| / h; h = 2^-18 balances
/// them at epsilon^(2/3).
std::string compare_with_differences(const OpCase& op, const Arrays& gradients,
                                     std::int64_t most_elements = 48);

}  // namespace elm::test
