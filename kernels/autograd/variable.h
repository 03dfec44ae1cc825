#pragma once

#include <cstdint>

#include "kernels/core/tensor.h"

namespace elm {

/// A tensor that training changes, and the place where its gradient is summed up: of the same
/// shape, type and device.
struct Parameter {
    Tensor value;
    Tensor gradient;
};

/// A tensor and, if a gradient is wanted, its place on the tape. Cheap to copy. `Var{x.value}` is
/// the same value without a past.
struct Var {
    Tensor value;
    std::int64_t slot = -1;
};

}  // namespace elm
