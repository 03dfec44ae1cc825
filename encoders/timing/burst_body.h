#pragma once

#include "encoders/law/law.h"

namespace elm {

/// burst.cpp has the equations. Gaps are in steps.
struct BurstLaw {
    std::int64_t steps_each = 1, units_each = 1;
    double most_spikes = 1, shortest_gap = 0, longest_gap = 0;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const std::int64_t spikes = spikes_of(value.now()), interval = interval_of(value.now());
        for (std::int64_t k = 0; k < spikes; ++k) emit(k * interval, 0);
    }

    /// Values whose burst ends before the next one begins.
    ELM_HD bool takes(float x) const { return last_step_of(x) < steps_each; }
    [[noreturn]] void refuse(float x) const;

private:
    ELM_HD std::int64_t spikes_of(float x) const {
        return static_cast<std::int64_t>(std::ceil(most_spikes * double{x}));
    }
    ELM_HD std::int64_t interval_of(float x) const {
        const double gap = std::fma(-double{x}, longest_gap - shortest_gap, longest_gap);
        return static_cast<std::int64_t>(std::ceil(gap)) + 1;
    }
    ELM_HD std::int64_t last_step_of(float x) const { return (spikes_of(x) - 1) * interval_of(x); }
};

}  // namespace elm
