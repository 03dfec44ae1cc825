#pragma once

#include "encoders/law/law.h"

namespace elm {

/// threshold_bank.cpp has the equations.
struct ThresholdBankLaw {
    static constexpr std::int64_t most_units = 511;
    std::int64_t steps_each = 1, units_each = 5;
    float levels[(most_units - 1) / 2] = {};

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const auto repeat = [&](std::int64_t unit) {
            for (std::int64_t step = 0; step < steps_each; ++step) emit(step, unit);
        };
        const float x = value.now();
        if (x == 1) repeat(0);
        if (value.step + 1 == value.n_steps) return;
        const float next = value.at(value.step + 1);
        const std::int64_t n = (units_each - 1) / 2;
        for (std::int64_t k = 0; k < n; ++k) {
            if (x < levels[k] && levels[k] <= next) repeat(units_each - k);
            if (next < levels[k] && levels[k] <= x) repeat(n + 1 - k);
        }
    }
};

}  // namespace elm
