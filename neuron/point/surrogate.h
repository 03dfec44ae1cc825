#pragma once

#include <cmath>

#include "kernels/core/host_device.h"

/// Surrogate derivatives: what stands for the derivative of the step from no spike to a spike.
///
///     psi(x) = height f(x / width),   f(0) = 1,   x = voltage - threshold
///
/// | name         | f(y)                   | source |
/// | fast_sigmoid | 1 / (1 + |y|)^2        | Zenke & Ganguli 2018, doi:10.1162/neco_a_01086 |
/// | triangle     | max(0, 1 - |y|)        | Bellec et al. 2018, arXiv 1803.09574 |
/// | arctan       | 1 / (1 + (pi y / 2)^2) | Fang et al. 2021, arXiv 2007.05785 |
/// | gaussian     | exp(-y^2)              | |
///
/// The sources fix height and width: 1 and 1/100 of the threshold's unit in the first, 0.3 /
/// threshold and the threshold in the second. Each is the derivative of a smooth step,
/// S(x) = 1/2 + the integral of psi from 0 to x.
namespace elm {

enum class SurrogateKind { fast_sigmoid, triangle, arctan, gaussian };

template <class Real>
struct SurrogateOf {
    SurrogateKind kind = SurrogateKind::fast_sigmoid;
    Real width = 1;   // in the unit of the voltage
    Real height = 1;  // derivative at the threshold

    ELM_HD Real derivative(Real x) const {
        const Real y = x / width, size = std::abs(y);
        switch (kind) {
            case SurrogateKind::fast_sigmoid:
                return height / ((1 + size) * (1 + size));
            case SurrogateKind::triangle:
                return size < 1 ? height * (1 - size) : Real(0);
            case SurrogateKind::arctan:
                return height / (1 + (half_pi * y) * (half_pi * y));
            case SurrogateKind::gaussian:
                return height * std::exp(-y * y);
        }
        return Real(0);
    }

    ELM_HD Real smooth_step(Real x) const {
        const Real y = x / width, size = std::abs(y), half_area = height * width;
        switch (kind) {
            case SurrogateKind::fast_sigmoid:
                return Real(0.5) + half_area * y / (1 + size);
            case SurrogateKind::triangle: {
                const Real within = size < 1 ? size - size * size / 2 : Real(0.5);
                return Real(0.5) + half_area * (y < 0 ? -within : within);
            }
            case SurrogateKind::arctan:
                return Real(0.5) + half_area * std::atan(half_pi * y) / half_pi;
            case SurrogateKind::gaussian:
                return Real(0.5) + half_area * half_root_pi * std::erf(y);
        }
        return Real(0);
    }

private:
    static constexpr Real half_pi = Real(1.57079632679489662);
    static constexpr Real half_root_pi = Real(0.88622692545275801);
};

using SpikeSurrogate = SurrogateOf<double>;

}  // namespace elm
