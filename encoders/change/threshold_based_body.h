#pragma once

#include "encoders/law/law.h"

namespace elm {

/// threshold_based.cpp has the equations.
struct ThresholdBasedLaw {
    using State = double;  // the threshold of the channel
    std::int64_t steps_each = 1, units_each = 2;
    double factor = 0;

    ELM_HD State start(const ChannelValue& first) const {
        const auto n = static_cast<double>(first.n_steps);
        double mean = 0, variance = 0;
        for (std::int64_t t = 0; t < first.n_steps; ++t) mean += change(first, t) / n;
        for (std::int64_t t = 0; t < first.n_steps; ++t) {
            const double off = change(first, t) - mean;
            variance += off * off / n;
        }
        return std::fma(factor, std::sqrt(variance), mean);
    }

    template <class Emit>
    ELM_HD void operator()(const State& threshold, const ChannelValue& value,
                           const Emit& emit) const {
        if (value.n_steps < 2) return;
        const double by = change(value, value.step);
        if (by < -threshold) {
            emit(0, 1);
        } else if (by > threshold) {
            emit(0, 0);
        }
    }

private:
    /// From step t to the next one; of the last step that of the one before it.
    ELM_HD static double change(const ChannelValue& channel, std::int64_t t) {
        if (channel.n_steps < 2) return 0;
        const std::int64_t at = t < channel.n_steps - 2 ? t : channel.n_steps - 2;
        return double{channel.at(at + 1)} - double{channel.at(at)};
    }
};

}  // namespace elm
