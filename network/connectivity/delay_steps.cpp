#include "network/connectivity/delay_steps.h"

#include <algorithm>
#include <cmath>

namespace elm::network {

std::int64_t delay_steps_of(double delay_ms, double time_step_ms) {
    return std::max<std::int64_t>(1, std::llround(delay_ms / time_step_ms * (1 + 1e-12)));
}

DelaySteps::DelaySteps(const Distribution& delay_ms, double time_step_ms)
    : draw_(delay_ms),
      time_step_ms_(time_step_ms),
      is_list_(delay_ms.kind == Distribution::Kind::list),
      known_(std::size_t{1} << (32 - shift), is_list_ ? several : unknown) {}

std::int64_t DelaySteps::look(std::uint32_t word, std::int64_t index, std::uint32_t& known) {
    if (known == unknown) {
        constexpr std::uint32_t inside = (std::uint32_t{1} << shift) - 1;
        const std::int64_t first = steps_of(word & ~inside, index),
                           last = steps_of(word | inside, index);
        known = first == last ? static_cast<std::uint32_t>(first) : several;
    }
    return known < several ? known : steps_of(word, index);
}

}  // namespace elm::network
