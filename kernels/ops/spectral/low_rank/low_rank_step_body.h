#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/host_device.h"

namespace elm {

/// dt of a feature, of a kernel or a scan.
template <class Args>
ELM_HD double step_of(const Args& args, std::int64_t feature) {
    return exp(static_cast<double>(args.log_step(feature)));
}

}  // namespace elm
