#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/host_device.h"
#include "kernels/core/simd/one_lane.h"

/// Surrogate derivatives: what stands for the derivative of the step from no spike to a spike.
///
///     psi(x) = height f(x / width),   f(0) = 1,   x = voltage - threshold
///
///     fast_sigmoid   1 / (1 + |y|)^2              Zenke & Ganguli 2018, doi:10.1162/neco_a_01086
///     triangle       max(0, 1 - |y|)              Bellec et al. 2018, arXiv 1803.09574
///     arctan         1 / (1 + (pi y / 2)^2)       Fang et al. 2021, arXiv 2007.05785
///     gaussian       exp(-y^2)
///     boxcar         1 where |y| <= 1/2, else 0   Bittar & Garner 2022,
///                                                 doi:10.3389/fnins.2022.865897
///     exponential    exp(-|y|)                    Shrestha & Orchard 2018, arXiv 1810.08646
///     logistic       1 / cosh(y / 2)^2
///
/// The sources fix height and width: 1 and 1/100 of the threshold's unit in the first, 0.3 /
/// threshold and the threshold in the second. Each is the derivative of a smooth step,
/// S(x) = 1/2 + the integral of psi from 0 to x.
namespace elm {

enum class SurrogateKind : std::uint8_t {
    fast_sigmoid,
    triangle,
    arctan,
    gaussian,
    boxcar,
    exponential,
    logistic
};

inline constexpr const char* surrogate_names[] = {
    "fast_sigmoid", "triangle", "arctan", "gaussian", "boxcar", "exponential", "logistic"};

template <class Real>
struct SurrogateOf {
    SurrogateKind kind = SurrogateKind::fast_sigmoid;
    Real width = 1;   // in the unit of the voltage
    Real height = 1;  // derivative at the threshold

    ELM_HD Real derivative(Real x) const { return derivative_of<OneLane<Real>>(x); }

    /// The same for the values of `Lanes`, which has the type Value and select and exp of it.
    template <class Lanes, class Value = typename Lanes::Value>
    ELM_HD Value derivative_of(const Value& x) const {
        const Value zero{}, one = zero + Real(1);
        const Value y = x / width;
        const Value size = Lanes::select(y < zero, Value(-y), y);
        switch (kind) {
            case SurrogateKind::fast_sigmoid:
                return height / ((one + size) * (one + size));
            case SurrogateKind::triangle:
                return Lanes::select(size < one, Value(height * (one - size)), zero);
            case SurrogateKind::arctan:
                return height / (one + (half_pi * y) * (half_pi * y));
            case SurrogateKind::gaussian:
                return height * Lanes::exp(-y * y);
            case SurrogateKind::boxcar:
                return Lanes::select(size <= zero + Real(0.5), Value(zero + height), zero);
            case SurrogateKind::exponential:
                return height * Lanes::exp(-size);
            case SurrogateKind::logistic: {
                const Value tail = Lanes::exp(-size);
                return Real(4) * height * tail / ((one + tail) * (one + tail));
            }
        }
        return zero;
    }

    ELM_HD Real smooth_step(Real x) const {
        const Real y = x / width, size = std::abs(y), half_area = height * width;
        const auto odd = [&](Real within) {
            return Real(0.5) + half_area * (y < 0 ? -within : within);
        };
        switch (kind) {
            case SurrogateKind::fast_sigmoid:
                return Real(0.5) + half_area * y / (1 + size);
            case SurrogateKind::triangle:
                return odd(size < 1 ? size - size * size / 2 : Real(0.5));
            case SurrogateKind::arctan:
                return Real(0.5) + half_area * std::atan(half_pi * y) / half_pi;
            case SurrogateKind::gaussian:
                return Real(0.5) + half_area * half_root_pi * std::erf(y);
            case SurrogateKind::boxcar:
                return odd(size < Real(0.5) ? size : Real(0.5));
            case SurrogateKind::exponential:
                return odd(-std::expm1(-size));
            case SurrogateKind::logistic:
                return Real(0.5) + half_area * 2 * std::tanh(y / 2);
        }
        return Real(0);
    }

private:
    static constexpr Real half_pi = Real(1.57079632679489662);
    static constexpr Real half_root_pi = Real(0.88622692545275801);
};

using SpikeSurrogate = SurrogateOf<double>;

}  // namespace elm
