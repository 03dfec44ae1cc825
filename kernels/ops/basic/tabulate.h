#pragma once

#include <cstdint>
#include <functional>

#include "kernels/core/tensor.h"

namespace elm {

/// A tensor whose element i, in the order in which they lie, is number(i): computed on the host in
/// float64. For small tables: positions, masks, frequencies.
Tensor tabulate(Stream& stream, const Shape& shape, DType dtype,
                const std::function<double(std::int64_t)>& number);

}  // namespace elm
