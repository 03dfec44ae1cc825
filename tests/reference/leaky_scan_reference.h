#pragma once

// The leaky scan as plain float64 loops, forward and backward.
//
//   memory[t] = decay * memory[t-1] + input[t],  memory[-1] = initial
// Backward, with g[t] the gradient of the loss with respect to memory[t] and G[t] the same with all
// later steps included:
//   G[t] = g[t] + decay * G[t+1]
//   d input[t] = G[t],  d initial = decay * G[0]
//   d decay = Σ over batch and t of G[t] * memory[t-1]
// Shapes: input, memory (batch, time, units); decay (units); initial (batch, units).

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace elm::reference {

struct LeakyScanShape {
    std::size_t batch = 0;
    std::size_t time = 0;
    std::size_t units = 0;
};

struct LeakyScanGradients {
    std::vector<double> input;    // (batch, time, units)
    std::vector<double> decay;    // (units)
    std::vector<double> initial;  // (batch, units)
};

inline void check_leaky_scan_sizes(const LeakyScanShape& shape, const std::vector<double>& sequence,
                                   const std::vector<double>& decay,
                                   const std::vector<double>& initial) {
    if (sequence.size() != shape.batch * shape.time * shape.units || decay.size() != shape.units ||
        initial.size() != shape.batch * shape.units) {
        throw std::invalid_argument("leaky scan reference: sizes do not fit the shape");
    }
}

/// Returns memory (batch, time, units).
inline std::vector<double> leaky_scan(const LeakyScanShape& shape, const std::vector<double>& input,
                                      const std::vector<double>& decay,
                                      const std::vector<double>& initial) {
    check_leaky_scan_sizes(shape, input, decay, initial);
    std::vector<double> memory(input.size());
    for (std::size_t sample = 0; sample < shape.batch; ++sample) {
        for (std::size_t unit = 0; unit < shape.units; ++unit) {
            double state = initial[sample * shape.units + unit];
            for (std::size_t step = 0; step < shape.time; ++step) {
                const std::size_t place = (sample * shape.time + step) * shape.units + unit;
                state = decay[unit] * state + input[place];
                memory[place] = state;
            }
        }
    }
    return memory;
}

/// Gradients for a given gradient with respect to memory (batch, time, units).
inline LeakyScanGradients leaky_scan_backward(const LeakyScanShape& shape,
                                              const std::vector<double>& input,
                                              const std::vector<double>& decay,
                                              const std::vector<double>& initial,
                                              const std::vector<double>& memory_gradient) {
    check_leaky_scan_sizes(shape, memory_gradient, decay, initial);
    const std::vector<double> memory = leaky_scan(shape, input, decay, initial);
    LeakyScanGradients gradients{std::vector<double>(input.size(), 0.0),
                                 std::vector<double>(decay.size(), 0.0),
                                 std::vector<double>(initial.size(), 0.0)};
    for (std::size_t sample = 0; sample < shape.batch; ++sample) {
        for (std::size_t unit = 0; unit < shape.units; ++unit) {
            const std::size_t start = sample * shape.units + unit;
            double later = 0.0;  // decay * G[t+1]
            for (std::size_t step = shape.time; step-- > 0;) {
                const std::size_t place = (sample * shape.time + step) * shape.units + unit;
                const double before = step == 0 ? initial[start] : memory[place - shape.units];
                const double total = memory_gradient[place] + later;
                gradients.input[place] = total;
                gradients.decay[unit] += total * before;
                later = decay[unit] * total;
            }
            gradients.initial[start] = later;
        }
    }
    return gradients;
}

}  // namespace elm::reference
