#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/scan/state_space/mode_scan.h"

/// A task carries a vector of features of one sample through all steps; its states lie in scratch
/// memory, a number of two vectors for each mode.
namespace elm {
namespace {

template <class Real>
using Number = ComplexNumber<WholeLanes<Real>>;

/// Complex vectors of scratch memory, by number.
template <class Real>
struct Numbers {
    Vectors<Real> vectors;

    ELM_INLINE Number<Real> operator[](std::int64_t index) const {
        return {vectors[2 * index], vectors[2 * index + 1]};
    }
    ELM_INLINE void set(std::int64_t index, const Number<Real>& value) const {
        vectors.set(2 * index, value.real);
        vectors.set(2 * index + 1, value.imag);
    }
    ELM_INLINE Numbers from(std::int64_t index) const { return {vectors.from(2 * index)}; }
};

template <class Access, class T, int Rank, class... Index>
ELM_INLINE auto load_complex(const Access& access, const Planes<T, Rank>& planes, Index... index)
    -> Number<std::remove_const_t<T>> {
    return {access.load(&planes.real(index...)), access.load(&planes.imag(index...))};
}

template <class Real, class Access, int Rank, class... Index>
ELM_INLINE void store_complex(const Access& access, const Number<Real>& value,
                              const Planes<Real, Rank>& planes, Index... index) {
    access.store(&planes.real(index...), value.real);
    access.store(&planes.imag(index...), value.imag);
}

template <class Real, class Access>
ELM_INLINE void scan(const ModeScanArgs<Real>& args, std::int64_t sample, std::int64_t feature,
                     const Access& access) {
    const std::int64_t modes = args.decay.real.extent[0];
    auto memory = lane_scratch<Real>(6 * modes);
    const Numbers<Real> state{{memory.data()}}, decay = state.from(modes);
    const Numbers<Real> weight = decay.from(modes);
    for (std::int64_t n = 0; n < modes; ++n) {
        state.set(n, load_complex(access, args.initial, sample, n, feature));
        decay.set(n, load_complex(access, args.decay, n, feature));
        const Number<Real> w = load_complex(access, args.weight, n, feature);
        weight.set(n, {2 * w.real, -2 * w.imag});  // 2 Re(w s) is a product of vectors
    }
    const Lanes<Real> skip = access.load(&args.skip(feature));
    for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
        if (t % mode_scan_segment == 0) {
            for (std::int64_t n = 0; n < modes; ++n) {
                store_complex(access, state[n], args.segment_starts, sample, t / mode_scan_segment,
                              n, feature);
            }
        }
        const Lanes<Real> u = access.load(&args.input(sample, t, feature)), zero{};
        Lanes<Real> real_part = skip * u, imag_part{};
        for (std::int64_t n = 0; n < modes; ++n) {
            const auto next = Number<Real>::advance(decay[n], state[n], {u, zero});
            state.set(n, next);
            real_part = Access::fused(weight[n].real, next.real, real_part);
            imag_part = Access::fused(weight[n].imag, next.imag, imag_part);
        }
        access.store(&args.output(sample, t, feature), real_part + imag_part);
    }
    for (std::int64_t n = 0; n < modes; ++n) {
        store_complex(access, state[n], args.final, sample, n, feature);
    }
}

/// Scratch memory of the backward pass of one vector of features; `trace` holds the states before
/// and after each step of the segment at hand.
template <class Real>
struct BackwardMemory {
    explicit BackwardMemory(std::int64_t modes)
        : values(lane_scratch<Real>(2 * (5 + mode_scan_segment + 1) * modes)),
          decay{{values.data()}},
          weight(decay.from(modes)),
          carried(weight.from(modes)),
          decay_gradient(carried.from(modes)),
          weight_gradient(decay_gradient.from(modes)),
          trace(weight_gradient.from(modes)) {}

    lanes::AlignedVector<Real> values;
    Numbers<Real> decay, weight, carried, decay_gradient, weight_gradient, trace;
};

template <class Real, class Access>
ELM_INLINE void run_segment_again(const ModeScanBackwardArgs<Real>& args, std::int64_t sample,
                                  std::int64_t feature, const Access& access, std::int64_t first,
                                  std::int64_t last, const BackwardMemory<Real>& memory) {
    const std::int64_t modes = args.decay.real.extent[0];
    for (std::int64_t n = 0; n < modes; ++n) {
        memory.trace.set(n, load_complex(access, args.segment_starts, sample,
                                         first / mode_scan_segment, n, feature));
    }
    for (std::int64_t t = first; t < last; ++t) {
        const Lanes<Real> u = access.load(&args.input(sample, t, feature)), zero{};
        const auto before = memory.trace.from((t - first) * modes), after = before.from(modes);
        for (std::int64_t n = 0; n < modes; ++n) {
            after.set(n, Number<Real>::advance(memory.decay[n], before[n], {u, zero}));
        }
    }
}

template <class Real, class Access>
ELM_INLINE void scan_backward(const ModeScanBackwardArgs<Real>& args, std::int64_t sample,
                              std::int64_t feature, const Access& access) {
    const std::int64_t modes = args.decay.real.extent[0], steps = args.input.extent[1];
    const BackwardMemory<Real> memory(modes);
    for (std::int64_t n = 0; n < modes; ++n) {
        memory.decay.set(n, load_complex(access, args.decay, n, feature));
        memory.weight.set(n, load_complex(access, args.weight, n, feature));
        memory.carried.set(n, load_complex(access, args.final_gradient, sample, n, feature));
    }
    const Lanes<Real> skip = access.load(&args.skip(feature)), zero{};
    Lanes<Real> skip_gradient{};
    for (std::int64_t segment = args.segment_starts.real.extent[1] - 1; segment >= 0; --segment) {
        const std::int64_t first = segment * mode_scan_segment;
        const std::int64_t last = std::min(steps, first + mode_scan_segment);
        run_segment_again(args, sample, feature, access, first, last, memory);
        for (std::int64_t t = last - 1; t >= first; --t) {
            const Lanes<Real> gradient = access.load(&args.output_gradient(sample, t, feature));
            const Lanes<Real> twice = 2 * gradient;
            const auto before = memory.trace.from((t - first) * modes), after = before.from(modes);
            Lanes<Real> input_gradient = skip * gradient;
            for (std::int64_t n = 0; n < modes; ++n) {
                const auto p =
                    Number<Real>::adjoint(memory.weight[n], {twice, zero}, memory.carried[n]);
                memory.weight_gradient.set(
                    n, Number<Real>::correlate({twice, zero}, after[n], memory.weight_gradient[n]));
                memory.decay_gradient.set(
                    n, Number<Real>::correlate(p, before[n], memory.decay_gradient[n]));
                input_gradient += p.real;
                memory.carried.set(n, Number<Real>::adjoint(memory.decay[n], p, {zero, zero}));
            }
            access.store(&args.input_gradient(sample, t, feature), input_gradient);
            const Lanes<Real> u = access.load(&args.input(sample, t, feature));
            skip_gradient = Access::fused(gradient, u, skip_gradient);
        }
    }
    for (std::int64_t n = 0; n < modes; ++n) {
        store_complex(access, memory.carried[n], args.initial_gradient, sample, n, feature);
        store_complex(access, memory.decay_gradient[n], args.decay_gradient, sample, n, feature);
        store_complex(access, memory.weight_gradient[n], args.weight_gradient, sample, n, feature);
    }
    access.store(&args.skip_gradient(sample, feature), skip_gradient);
}

template <class Real>
void run_forward(const ModeScanArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.input.extent[0], args.input.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t feature, const auto& access) {
            scan(args, sample, feature, access);
        });
}

template <class Real>
void run_backward(const ModeScanBackwardArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.input.extent[0], args.input.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t feature, const auto& access) {
            scan_backward(args, sample, feature, access);
        });
}

}  // namespace

template <>
void run_mode_scan<Cpu, float>(Stream&, const ModeScanArgs<float>& args) {
    run_forward(args);
}
template <>
void run_mode_scan<Cpu, double>(Stream&, const ModeScanArgs<double>& args) {
    run_forward(args);
}
template <>
void run_mode_scan_backward<Cpu, float>(Stream&, const ModeScanBackwardArgs<float>& args) {
    run_backward(args);
}
template <>
void run_mode_scan_backward<Cpu, double>(Stream&, const ModeScanBackwardArgs<double>& args) {
    run_backward(args);
}

}  // namespace elm
