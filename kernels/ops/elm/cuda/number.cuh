#pragma once

#include <cmath>

#include "kernels/ops/elm/step_body.h"

namespace elm {

/// One number of one thread, as step_body.h sees it.
template <class Real>
struct DeviceNumber {
    using V = Real;
    ELM_HD static Real constant(double x) { return static_cast<Real>(x); }
    ELM_HD static Real multiply_add(Real a, Real b, Real c) { return a * b + c; }
    ELM_HD static Real positive(Real x, Real then, Real other) { return x > 0 ? then : other; }
    ELM_HD static Real scaled_tanh(Real x) {
        return Real(1.7159) * std::tanh(x * Real(2) / Real(3));
    }
    ELM_HD static Real sigmoid(Real x) { return Real(1) / (Real(1) + std::exp(-x)); }
    ELM_HD static Real silu(Real x) { return x * sigmoid(x); }
};

}  // namespace elm
