#include <algorithm>
#include <vector>

#include "kernels/ops/spectral/complex_body.h"
#include "kernels/ops/spectral/complex_lanes.h"
#include "kernels/ops/spectral/modes/mode_kernel_body.h"

/// A task makes the kernels of one vector of features, a chunk of time after the other. Modes go in
/// fours, so that a multiplication need not wait for the one before.
namespace elm {
namespace {

constexpr int modes_at_once = 4;
constexpr int chunk = mode_kernel_chunk;
using Doubles = DoubleLanes;
struct Chunk {
    Doubles at[chunk];
};

ELM_INLINE void flush(ComplexLanes& power) {
    const Doubles size = power.real * power.real + power.imag * power.imag, zero{};
    constexpr double least = negligible_power * negligible_power;
    power.real = size < least ? zero : power.real;  // what is not a number stays so
    power.imag = size < least ? zero : power.imag;
}

/// Columns [first, first + count) of row n.
ComplexLanes load(const Planes<const double, 2>& planes, std::int64_t n, std::int64_t first,
                  std::int64_t count) {
    return load_lanes(PartLanes<double>(count), planes, n, first);
}

/// e^exponent and, at step 0, the power times its weight (or alone), of a block of columns; filled
/// up with zeros to a multiple of `modes_at_once`.
struct Powers {
    std::vector<ComplexLanes, lanes::CacheLineAllocator<ComplexLanes>> factor, power;

    Powers(const Planes<const double, 2>& exponent, const Planes<const double, 2>* weight,
           std::int64_t first, std::int64_t count) {
        const std::int64_t modes = exponent.real.extent[0];
        const auto size =
            static_cast<std::size_t>((modes + modes_at_once - 1) / modes_at_once * modes_at_once);
        factor.resize(size);
        power.resize(size);
        for (std::int64_t n = 0; n < modes; ++n) {
            const auto i = static_cast<std::size_t>(n);
            for (int lane = 0; lane < count; ++lane) {
                const Complex e =
                    exponential({exponent.real(n, first + lane), exponent.imag(n, first + lane)});
                factor[i].real[lane] = e.real;
                factor[i].imag[lane] = e.imag;
                power[i].real[lane] = 1;
            }
            if (weight != nullptr) power[i] = load(*weight, n, first, count);
        }
    }
};

/// Adds four modes to the sums of `steps` steps and moves their powers on.
void add_modes(const ComplexLanes* factors, ComplexLanes* powers, int steps, Chunk& sums) {
    ComplexLanes power[modes_at_once], factor[modes_at_once];
    for (int k = 0; k < modes_at_once; ++k) {
        power[k] = powers[k];
        factor[k] = factors[k];
        flush(power[k]);
    }
    for (int step = 0; step < steps; ++step) {
        Doubles& sum = sums.at[step];
        sum += (power[0].real + power[1].real) + (power[2].real + power[3].real);
        for (int k = 0; k < modes_at_once; ++k) power[k].multiply(factor[k]);
    }
    for (int k = 0; k < modes_at_once; ++k) powers[k] = power[k];
}

template <class Real>
void kernel_block(const ModeKernelArgs<Real>& args, std::int64_t first, std::int64_t count) {
    Powers powers(args.exponent, &args.weight, first, count);
    const std::int64_t length = args.kernel.extent[0];
    for (std::int64_t begin = 0; begin < length; begin += chunk) {
        const int steps = static_cast<int>(std::min<std::int64_t>(chunk, length - begin));
        Chunk sums{};
        for (std::size_t n = 0; n < powers.factor.size(); n += modes_at_once) {
            add_modes(&powers.factor[n], &powers.power[n], steps, sums);
        }
        for (int step = 0; step < steps; ++step) {
            for (int lane = 0; lane < count; ++lane) {
                double value = 2 * sums.at[step][lane];
                if (begin + step == 0) value += static_cast<double>(args.skip(first + lane));
                args.kernel(begin + step, first + lane) = static_cast<Real>(value);
            }
        }
    }
}

/// Sums over steps of g conj(e^(x s)) and of s g conj(e^(x s)).
struct Correlations {
    ComplexLanes plain, timed;
};

void correlate(const ComplexLanes* factors, ComplexLanes* powers, std::int64_t begin, int steps,
               const Chunk& gradient, Correlations* results) {
    constexpr int at_once = 2;
    for (int part = 0; part < modes_at_once; part += at_once) {
        ComplexLanes power[at_once], factor[at_once];
        Correlations sums[at_once];
        for (int k = 0; k < at_once; ++k) {
            power[k] = powers[part + k];
            factor[k] = factors[part + k];
            sums[k] = results[part + k];
            flush(power[k]);
        }
        for (int step = 0; step < steps; ++step) {
            const Doubles g = gradient.at[step];
            const Doubles timed = g * static_cast<double>(begin + step);
            for (int k = 0; k < at_once; ++k) {
                sums[k].plain.real += g * power[k].real;
                sums[k].plain.imag -= g * power[k].imag;
                sums[k].timed.real += timed * power[k].real;
                sums[k].timed.imag -= timed * power[k].imag;
                power[k].multiply(factor[k]);
            }
        }
        for (int k = 0; k < at_once; ++k) {
            powers[part + k] = power[k];
            results[part + k] = sums[k];
        }
    }
}

template <class Real>
void kernel_backward_block(const ModeKernelBackwardArgs<Real>& args, std::int64_t first,
                           std::int64_t count) {
    Powers powers(args.exponent, nullptr, first, count);
    std::vector<Correlations, lanes::CacheLineAllocator<Correlations>> sums(powers.factor.size());
    const std::int64_t length = args.kernel_gradient.extent[0];
    for (std::int64_t begin = 0; begin < length; begin += chunk) {
        const int steps = static_cast<int>(std::min<std::int64_t>(chunk, length - begin));
        Chunk gradient{};
        for (int step = 0; step < steps; ++step) {
            for (int lane = 0; lane < count; ++lane) {
                gradient.at[step][lane] =
                    static_cast<double>(args.kernel_gradient(begin + step, first + lane));
            }
        }
        for (std::size_t n = 0; n < sums.size(); n += modes_at_once) {
            correlate(&powers.factor[n], &powers.power[n], begin, steps, gradient, &sums[n]);
        }
    }
    const PartLanes<double> access(count);
    for (std::int64_t n = 0; n < args.exponent.real.extent[0]; ++n) {
        const Correlations& sum = sums[static_cast<std::size_t>(n)];
        const ComplexLanes weight = load(args.weight, n, first, count);
        ComplexLanes exponent = sum.timed;
        exponent.multiply({weight.real, -weight.imag});
        access.store(&args.weight_gradient.real(n, first), 2 * sum.plain.real);
        access.store(&args.weight_gradient.imag(n, first), 2 * sum.plain.imag);
        access.store(&args.exponent_gradient.real(n, first), 2 * exponent.real);
        access.store(&args.exponent_gradient.imag(n, first), 2 * exponent.imag);
    }
}

template <class Real>
void forward(const ModeKernelArgs<Real>& args) {
    for_each_column_block(args.kernel.extent[1], [&](std::int64_t first, std::int64_t count) {
        kernel_block(args, first, count);
    });
}

template <class Real>
void backward(const ModeKernelBackwardArgs<Real>& args) {
    for_each_column_block(
        args.exponent.real.extent[1],
        [&](std::int64_t first, std::int64_t count) { kernel_backward_block(args, first, count); });
}

}  // namespace

template <>
void run_mode_kernel<Cpu, float>(Stream&, const ModeKernelArgs<float>& args) {
    forward(args);
}
template <>
void run_mode_kernel<Cpu, double>(Stream&, const ModeKernelArgs<double>& args) {
    forward(args);
}
template <>
void run_mode_kernel_backward<Cpu, float>(Stream&, const ModeKernelBackwardArgs<float>& args) {
    backward(args);
}
template <>
void run_mode_kernel_backward<Cpu, double>(Stream&, const ModeKernelBackwardArgs<double>& args) {
    backward(args);
}

}  // namespace elm
