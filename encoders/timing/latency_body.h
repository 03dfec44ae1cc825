#pragma once

#include "encoders/law/law.h"
#include "encoders/law/portable_math.h"

namespace elm {

/// latency.cpp has the equations. Times are in steps.
struct LatencyLaw {
    enum class Curve { linear, rc, log };
    std::int64_t steps_each = 1, units_each = 1;
    Curve curve = Curve::linear;
    bool silent_below = false;
    float threshold = 0, tau = 0, onset = 0, last = 0;
    double vanishing = 0;  // e^-last

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const float x = value.now();
        if (silent_below && x < threshold) return;
        emit(static_cast<std::int64_t>(time_of(x)), 0);
    }

    ELM_HD float time_of(float x) const { return std::nearbyint(onset + after_onset(x)); }
    ELM_HD float smallest() const { return curve == Curve::rc ? threshold + 1e-7F : threshold; }
    ELM_HD float charging(float x) const {
        return static_cast<float>(portable::log(double{x / (x - threshold)}));
    }

private:
    ELM_HD float after_onset(float value) const {
        if (curve == Curve::log) {
            const double x = value, late = -portable::log(std::fma(1 - x, vanishing, x));
            return late < double{last} ? static_cast<float>(late) : last;
        }
        const float x = value < smallest() ? smallest() : value;
        return curve == Curve::rc ? portable::product(tau, charging(x))
                                  : portable::product(-tau, x - 1);
    }
};

}  // namespace elm
