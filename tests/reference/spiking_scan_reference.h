#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "tests/reference/neuron_scan_reference.h"

namespace elm::reference {

struct SpikingScanSize {
    std::size_t batch, time, units;
};

struct SpikingScanSettings {
    bool adapts_threshold = false, adapts_current = false;
    bool resets_to_zero = false, detach_reset = false, smooth = false;
    std::function<double(double)> smooth_step, derivative;  // of the surrogate

    std::size_t state_rows() const { return adapts_threshold || adapts_current ? 3 : 2; }
};

/// Inputs: projected (batch, time, units); weight (units, units); state (batch, 2 or 3, units);
/// decay, threshold, adaptation decay, jump, coupling (units), those without meaning empty.
struct SpikingScanInputs {
    std::vector<Dual> projected, weight, state, decay, threshold, adaptation_decay, jump, coupling;
};
struct SpikingScanOutputs {
    std::vector<Dual> spikes, state;
};

inline SpikingScanOutputs spiking_scan(const SpikingScanInputs& in, const SpikingScanSize& size,
                                       const SpikingScanSettings& is) {
    const std::size_t units = size.units, rows = is.state_rows();
    const Dual one{1, 0};
    SpikingScanOutputs out{std::vector<Dual>(size.batch * size.time * units), in.state};
    for (std::size_t b = 0; b < size.batch; ++b) {
        std::vector<Dual> z(units), v(units), w(units);
        for (std::size_t n = 0; n < units; ++n) {
            z[n] = in.state[(b * rows + 0) * units + n];
            v[n] = in.state[(b * rows + 1) * units + n];
            if (rows == 3) w[n] = in.state[(b * rows + 2) * units + n];
        }
        for (std::size_t t = 0; t < size.time; ++t) {
            const std::vector<Dual> heard = z;
            for (std::size_t n = 0; n < units; ++n) {
                Dual current = in.projected[(b * size.time + t) * units + n];
                for (std::size_t k = 0; k < units; ++k) {
                    current = current + in.weight[n * units + k] * heard[k];
                }
                if (is.adapts_current) current = current - w[n];
                const Dual u = in.decay[n] * v[n] + (one - in.decay[n]) * current;
                Dual x = u - in.threshold[n];
                if (is.adapts_threshold) x = x - w[n];
                const double step = x.value >= 0 ? 1 : 0;
                z[n] = {is.smooth ? is.smooth_step(x.value) : step,
                        is.derivative(x.value) * x.change};
                const Dual reset{z[n].value, is.detach_reset ? 0 : z[n].change};
                v[n] = is.resets_to_zero ? u * (one - reset) : u - in.threshold[n] * reset;
                if (rows == 3) w[n] = in.adaptation_decay[n] * w[n] + in.jump[n] * z[n];
                if (is.adapts_current) w[n] = w[n] + in.coupling[n] * v[n];
                out.spikes[(b * size.time + t) * units + n] = z[n];
            }
        }
        for (std::size_t n = 0; n < units; ++n) {
            out.state[(b * rows + 0) * units + n] = z[n];
            out.state[(b * rows + 1) * units + n] = v[n];
            if (rows == 3) out.state[(b * rows + 2) * units + n] = w[n];
        }
    }
    return out;
}

}  // namespace elm::reference
