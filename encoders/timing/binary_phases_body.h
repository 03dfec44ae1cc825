#pragma once

#include "encoders/law/law.h"
#include "encoders/law/portable_math.h"

namespace elm {

/// Periods of one phase for each binary digit of a number, the largest first, that follow each
/// other as long as a value lasts: a spike in each phase whose digit of level_of(x) is 1, the last
/// level standing for all above it.
template <class LevelOf>
struct BinaryPhasesLaw {
    std::int64_t steps_each = 1, units_each = 1;
    std::int64_t bits = 1;  // phases of a period
    LevelOf level_of = {};

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const std::int64_t last = (std::int64_t{1} << bits) - 1;
        const auto level = static_cast<std::int64_t>(level_of(double{value.now()}));
        const std::int64_t digits = level < last ? level : last;
        for (std::int64_t step = 0; step < steps_each; ++step) {
            if ((digits >> (bits - 1 - step % bits) & 1) != 0) emit(step, 0);
        }
    }
};

/// weighted_phase.cpp has the equations.
struct LevelOfValue {
    double levels = 2;  // 2^bits

    ELM_HD double operator()(double x) const { return std::floor(x * levels); }
};

/// phase.cpp has the equations.
struct LevelOfAngle {
    double levels = 2;  // 2^bits

    ELM_HD double operator()(double x) const {
        constexpr double pi = 3.141592653589793;
        return std::ceil(portable::asin(x) * 2 * levels / pi);
    }
};

}  // namespace elm
