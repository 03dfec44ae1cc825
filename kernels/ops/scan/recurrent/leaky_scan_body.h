#pragma once

#include "kernels/ops/scan/recurrent/leaky_scan.h"

namespace elm {

/// One call is one (sample, unit) sequence; neighbouring calls are neighbouring units in memory.
template <class Real>
struct LeakyScanOneUnit {
    LeakyScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.memory.extent[2];
        const std::int64_t sample = index / units, unit = index % units;
        const Real decay = args.decay(unit);
        Real memory = args.initial(sample, unit);
        for (std::int64_t t = 0; t < args.memory.extent[1]; ++t) {
            memory = decay * memory + args.input(sample, t, unit);
            args.memory(sample, t, unit) = memory;
        }
    }
};

/// d loss / d memory[t] = memory_gradient[t] + decay * d loss / d memory[t+1].
template <class Real>
struct LeakyScanBackwardOneUnit {
    LeakyScanBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.memory.extent[2];
        const std::int64_t sample = index / units, unit = index % units;
        const Real decay = args.decay(unit);
        Real gradient = 0, decay_gradient = 0;
        for (std::int64_t t = args.memory.extent[1] - 1; t >= 0; --t) {
            gradient = args.memory_gradient(sample, t, unit) + decay * gradient;
            args.input_gradient(sample, t, unit) = gradient;
            decay_gradient +=
                gradient * (t > 0 ? args.memory(sample, t - 1, unit) : args.initial(sample, unit));
        }
        args.decay_gradient(sample, unit) = decay_gradient;
        args.initial_gradient(sample, unit) = decay * gradient;
    }
};

template <class Backend, class Real>
void run_leaky_scan(Stream& stream, const LeakyScanArgs<Real>& args) {
    Backend::for_each_index(stream, args.initial.size(), LeakyScanOneUnit<Real>{args});
}

template <class Backend, class Real>
void run_leaky_scan_backward(Stream& stream, const LeakyScanBackwardArgs<Real>& args) {
    Backend::for_each_index(stream, args.initial.size(), LeakyScanBackwardOneUnit<Real>{args});
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_leaky_scan<Cpu>(Stream&, const LeakyScanArgs<float>&);
extern template void run_leaky_scan<Cpu>(Stream&, const LeakyScanArgs<double>&);
extern template void run_leaky_scan<Cuda>(Stream&, const LeakyScanArgs<float>&);
extern template void run_leaky_scan<Cuda>(Stream&, const LeakyScanArgs<double>&);
extern template void run_leaky_scan_backward<Cpu>(Stream&, const LeakyScanBackwardArgs<float>&);
extern template void run_leaky_scan_backward<Cpu>(Stream&, const LeakyScanBackwardArgs<double>&);
extern template void run_leaky_scan_backward<Cuda>(Stream&, const LeakyScanBackwardArgs<float>&);
extern template void run_leaky_scan_backward<Cuda>(Stream&, const LeakyScanBackwardArgs<double>&);

}  // namespace elm
