#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

/// memory[t] = decay * memory[t-1] + input[t], by naive loops.
/// Shapes: input, result (batch, time, units); decay (units); initial (batch, units).
inline std::vector<double> leaky_scan(const std::vector<double>& input,
                                      const std::vector<double>& decay,
                                      const std::vector<double>& initial, std::size_t batch,
                                      std::size_t time, std::size_t units) {
    std::vector<double> memory(input.size());
    for (std::size_t sample = 0; sample < batch; ++sample) {
        std::vector<double> state(
            initial.begin() + static_cast<std::ptrdiff_t>(sample * units),
            initial.begin() + static_cast<std::ptrdiff_t>((sample + 1) * units));
        for (std::size_t t = 0; t < time; ++t) {
            for (std::size_t unit = 0; unit < units; ++unit) {
                const std::size_t at = (sample * time + t) * units + unit;
                state[unit] = decay[unit] * state[unit] + input[at];
                memory[at] = state[unit];
            }
        }
    }
    return memory;
}

}  // namespace elm::reference
