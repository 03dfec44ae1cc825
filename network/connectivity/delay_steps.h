#pragma once

#include <cstdint>
#include <vector>

#include "network/description/distribution.h"

namespace elm::network {

/// Steps of a delay, the nearest.
std::int64_t delay_steps_of(double delay_ms, double time_step_ms);

/// Delays of a connection in steps, from the words of its synapses.
///
/// The delay grows with the word. So where the first and the last of neighbouring words have the
/// same steps, so have those between, and the distribution is looked at once for all of them.
class DelaySteps {
public:
    DelaySteps(const Distribution& delay_ms, double time_step_ms);

    std::int64_t operator()(std::uint32_t word, std::int64_t index) {
        std::uint32_t& known = known_[word >> shift];
        if (known < several) return known;
        return look(word, index, known);
    }
    std::int64_t lowest() const { return delay_steps_of(draw_.lowest(), time_step_ms_); }
    std::int64_t highest() const { return delay_steps_of(draw_.highest(), time_step_ms_); }
    bool is_constant() const { return lowest() == highest(); }

private:
    static constexpr int shift = 22;  // 1024 stretches of words
    static constexpr std::uint32_t several = 0xFFFFFFFE, unknown = 0xFFFFFFFF;

    std::int64_t look(std::uint32_t word, std::int64_t index, std::uint32_t& known);
    std::int64_t steps_of(std::uint32_t word, std::int64_t index) const {
        return delay_steps_of(draw_(word, index), time_step_ms_);
    }

    Draw draw_;
    double time_step_ms_;
    bool is_list_;
    std::vector<std::uint32_t> known_;  // by stretch
};

}  // namespace elm::network
