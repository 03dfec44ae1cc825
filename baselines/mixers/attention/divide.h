#pragma once

#include "kernels/autograd/context.h"

namespace elm {

/// numerator / divisor, element by element, where they have one shape; a divisor of less than
/// `least` counts as `least`, where that is above 0.
Var divide(Context& context, const Var& numerator, const Var& divisor, double least = 0);

}  // namespace elm
