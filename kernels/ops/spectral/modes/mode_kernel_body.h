#pragma once

#include "kernels/ops/spectral/modes/mode_kernel.h"

namespace elm {

/// Steps for which a sum over modes stays at hand. At the beginning of a chunk a power this small
/// counts as 0: it would soon leave the normal numbers, with which processors are slow.
inline constexpr int mode_kernel_chunk = 64;
inline constexpr double negligible_power = 1e-150;

}  // namespace elm
