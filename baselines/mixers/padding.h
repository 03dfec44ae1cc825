#pragma once

#include "kernels/autograd/context.h"

namespace elm {

/// Rows (batch, time, width) with zeros beyond the lengths (batch, int32 on the host; undefined:
/// all count), so that nothing there can be seen.
Var without_padding(Context& context, const Var& rows, const Tensor& lengths);

}  // namespace elm
