#pragma once

#include <vector>

#include "kernels/core/tensor.h"

namespace elm {

/// Elements of a real tensor on any device, as float64. Waits for the device.
std::vector<double> host_values(Stream& stream, const Tensor& tensor);

}  // namespace elm
