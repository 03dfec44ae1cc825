#pragma once

#include <cmath>

#include "kernels/ops/scan/state_space/memory_scan.h"

/// One call is one (sample, unit) sequence.
namespace elm {

/// min(step, most), at least 1.
ELM_HD inline std::int64_t step_number(std::int64_t step, std::int64_t most) {
    const std::int64_t number = step < most ? step : most;
    return number < 1 ? 1 : number;
}
template <class Args>
ELM_HD bool begins_anew(const Args& args, std::int64_t step) {
    return step == 0 && args.matrices.extent[0] != 1;
}
/// sqrt(2 n + 1).
template <class Real>
ELM_HD Real legendre_weight(std::int64_t n) {
    return std::sqrt(Real(2) * static_cast<Real>(n) + Real(1));
}

template <class Real>
struct MemoryScanOneUnit {
    MemoryScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.input.extent[2], states = args.initial.extent[2];
        const std::int64_t sample = index / units, unit = index % units;
        for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
            const std::int64_t step = args.first_step + t;
            const Real u = args.input(sample, t, unit);
            const Real* before =
                t > 0 ? &args.memory(sample, t - 1, unit, 0) : &args.initial(sample, unit, 0);
            Real* after = &args.memory(sample, t, unit, 0);
            if (begins_anew(args, step)) {
                for (std::int64_t n = 0; n < states; ++n) after[n] = n == 0 ? u : Real(0);
            } else if (args.matrices.extent[0] > 0) {
                table_step(step, u, before, after);
            } else {
                legendre_step(step, u, before, after);
            }
        }
    }

    ELM_HD void table_step(std::int64_t step, Real u, const Real* before, Real* after) const {
        const std::int64_t entry = step_number(step, args.matrices.extent[0]) - 1;
        for (std::int64_t n = 0; n < args.initial.extent[2]; ++n) {
            Real sum = args.vectors(entry, n) * u;
            for (std::int64_t k = 0; k < args.initial.extent[2]; ++k) {
                sum += args.matrices(entry, n, k) * before[k];
            }
            after[n] = sum;
        }
    }

    /// Product and solve at once: the sums of b_k m_k below n, before and after the step.
    ELM_HD void legendre_step(std::int64_t step, Real u, const Real* before, Real* after) const {
        const Real part = Real(1) / static_cast<Real>(step_number(step, args.longest));
        const Real implicit = static_cast<Real>(args.alpha) * part, direct = part - implicit;
        Real sum_before = 0, sum_after = 0;
        for (std::int64_t n = 0; n < args.initial.extent[2]; ++n) {
            const Real b = legendre_weight<Real>(n), diagonal = static_cast<Real>(n + 1);
            const Real product = -b * sum_before - diagonal * before[n];
            const Real right = before[n] + direct * product + part * b * u;
            sum_before += b * before[n];
            after[n] = (right - implicit * b * sum_after) / (Real(1) + implicit * diagonal);
            sum_after += b * after[n];
        }
    }
};

template <class Real>
struct MemoryScanBackwardOneUnit {
    MemoryScanBackwardArgs<Real> args;

    /// The gradient of the memory is carried in `initial_gradient`.
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.initial_gradient.extent[1];
        const std::int64_t states = args.initial_gradient.extent[2];
        const std::int64_t sample = index / units, unit = index % units;
        Real* carried = &args.initial_gradient(sample, unit, 0);
        for (std::int64_t n = 0; n < states; ++n) carried[n] = 0;
        for (std::int64_t t = args.memory_gradient.extent[1] - 1; t >= 0; --t) {
            const std::int64_t step = args.first_step + t;
            for (std::int64_t n = 0; n < states; ++n) {
                carried[n] += args.memory_gradient(sample, t, unit, n);
            }
            Real& input_gradient = args.input_gradient(sample, t, unit);
            if (begins_anew(args, step)) {
                input_gradient = carried[0];
                for (std::int64_t n = 0; n < states; ++n) carried[n] = 0;
            } else if (args.matrices.extent[0] > 0) {
                input_gradient = table_step(step, carried, &args.room(sample, unit, 0));
            } else {
                input_gradient = legendre_step(step, carried);
            }
        }
    }

    ELM_HD Real table_step(std::int64_t step, Real* carried, Real* room) const {
        const std::int64_t states = args.initial_gradient.extent[2];
        const std::int64_t entry = step_number(step, args.matrices.extent[0]) - 1;
        Real along = 0;
        for (std::int64_t n = 0; n < states; ++n) {
            along += args.vectors(entry, n) * carried[n];
            room[n] = 0;
        }
        for (std::int64_t n = 0; n < states; ++n) {
            for (std::int64_t k = 0; k < states; ++k) {
                room[k] += args.matrices(entry, n, k) * carried[n];
            }
        }
        for (std::int64_t n = 0; n < states; ++n) carried[n] = room[n];
        return along;
    }

    /// The transposes: first of the solution, then of the product, from the last state down.
    ELM_HD Real legendre_step(std::int64_t step, Real* carried) const {
        const Real part = Real(1) / static_cast<Real>(step_number(step, args.longest));
        const Real implicit = static_cast<Real>(args.alpha) * part, direct = part - implicit;
        Real sum = 0;  // of b_k z_k above n, z being the solution
        for (std::int64_t n = args.initial_gradient.extent[2] - 1; n >= 0; --n) {
            const Real b = legendre_weight<Real>(n), diagonal = static_cast<Real>(n + 1);
            const Real z = (carried[n] - implicit * b * sum) / (Real(1) + implicit * diagonal);
            carried[n] = z - direct * (diagonal * z + b * sum);
            sum += b * z;
        }
        return part * sum;
    }
};

template <class Backend, class Real>
void run_memory_scan(Stream& stream, const MemoryScanArgs<Real>& args) {
    Backend::for_each_index(stream, args.input.extent[0] * args.input.extent[2],
                            MemoryScanOneUnit<Real>{args});
}

template <class Backend, class Real>
void run_memory_scan_backward(Stream& stream, const MemoryScanBackwardArgs<Real>& args) {
    Backend::for_each_index(stream,
                            args.initial_gradient.extent[0] * args.initial_gradient.extent[1],
                            MemoryScanBackwardOneUnit<Real>{args});
}

extern template void run_memory_scan<Cpu>(Stream&, const MemoryScanArgs<float>&);
extern template void run_memory_scan<Cpu>(Stream&, const MemoryScanArgs<double>&);
extern template void run_memory_scan_backward<Cpu>(Stream&, const MemoryScanBackwardArgs<float>&);
extern template void run_memory_scan_backward<Cpu>(Stream&, const MemoryScanBackwardArgs<double>&);
ELM_DECLARE_CUDA_INSTANCES(run_memory_scan, MemoryScanArgs);
ELM_DECLARE_CUDA_INSTANCES(run_memory_scan_backward, MemoryScanBackwardArgs);

}  // namespace elm
