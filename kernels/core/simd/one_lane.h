#pragma once

#include <cmath>

#include "kernels/core/host_device.h"

namespace elm {

/// One number where shared bodies take the lanes of a step.
template <class R>
struct OneLane {
    using Real = R;
    using Value = R;
    ELM_HD static R select(bool condition, R yes, R no) { return condition ? yes : no; }
    ELM_HD static R exp(R x) { return std::exp(x); }
    ELM_HD static bool any(bool condition) { return condition; }
};

}  // namespace elm
