#pragma once

#include <cmath>

#include "kernels/ops/scan/state_space/liquid_scan.h"

/// The scan of neighbouring features of one sample. `Access` loads and stores what of them lies
/// side by side, a number on CUDA, a vector of lanes on the CPU. States at work lie in the arrays
/// of the result.
namespace elm {

/// 1 / max(1, |r|) of |r|^2.
template <class Real>
struct ShrinkToUnit {
    ELM_HD Real operator()(Real square) const {
        return square > 1 ? 1 / std::sqrt(square) : Real(1);
    }
};
/// 1 where |r|^2 is above 1, else 0.
template <class Real>
struct IsBeyondUnit {
    ELM_HD Real operator()(Real square) const { return square > 1 ? Real(1) : Real(0); }
};

template <class Access, class Real>
struct LiquidFeature {
    using Arithmetic = typename Access::Arithmetic;
    using Number = ComplexNumber<Arithmetic>;
    using Value = typename Number::Value;

    const Access& access;
    std::int64_t feature;
    bool bounded;

    template <class T, int Rank, class... Index>
    ELM_HD Number load(const Planes<T, Rank>& planes, Index... index) const {
        return {access.load(&planes.real(index..., feature)),
                access.load(&planes.imag(index..., feature))};
    }
    template <int Rank, class... Index>
    ELM_HD void store(const Number& value, const Planes<Real, Rank>& planes, Index... index) const {
        access.store(&planes.real(index..., feature), value.real);
        access.store(&planes.imag(index..., feature), value.imag);
    }
    /// What a state is multiplied by.
    struct Decay {
        Number taken;
        Value square, shrunk;  // |decay + gain u|^2, and what that was multiplied by
    };
    ELM_HD Decay decay_at(const Number& decay, const Number& gain, const Value& u) const {
        const Number free{Access::fused(gain.real, u, decay.real),
                          Access::fused(gain.imag, u, decay.imag)};
        if (!bounded) return {free, Value{}, Value{}};
        const Value square = Access::fused(free.real, free.real, free.imag * free.imag);
        const Value shrunk = Arithmetic::map(square, ShrinkToUnit<Real>{});
        return {{free.real * shrunk, free.imag * shrunk}, square, shrunk};
    }
    /// The gradient of decay + gain u from that of what was taken.
    ELM_HD Number decay_gradient(const Decay& decay, const Number& gradient) const {
        if (!bounded) return gradient;
        const Value along =
            Arithmetic::map(decay.square, IsBeyondUnit<Real>{}) *
            Access::fused(decay.taken.real, gradient.real, decay.taken.imag * gradient.imag);
        return {decay.shrunk * Access::fused(-along, decay.taken.real, gradient.real),
                decay.shrunk * Access::fused(-along, decay.taken.imag, gradient.imag)};
    }
    ELM_HD Number next(const Number& decay, const Number& gain, const Value& u,
                       const Number& state) const {
        return Number::advance(decay_at(decay, gain, u).taken, state,
                               {gain.real * u, gain.imag * u});
    }
};

template <class Access, class Real>
ELM_HD void liquid_feature(const LiquidScanArgs<Real>& args, std::int64_t sample,
                           std::int64_t feature, const Access& access) {
    using Feature = LiquidFeature<Access, Real>;
    using Number = typename Feature::Number;
    const Feature at{access, feature, args.bounded};
    const std::int64_t modes = args.decay.real.extent[0];
    for (std::int64_t n = 0; n < modes; ++n) {
        at.store(at.load(args.initial, sample, n), args.final, sample, n);
    }
    for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
        const bool begins = t % liquid_scan_segment == 0;
        const auto u = access.load(&args.input(sample, t, feature));
        typename Feature::Value read{};
        for (std::int64_t n = 0; n < modes; ++n) {
            const Number before = at.load(args.final, sample, n);
            if (begins) at.store(before, args.segment_starts, sample, t / liquid_scan_segment, n);
            const Number weight = at.load(args.weight, n);
            const Number state = at.next(at.load(args.decay, n), at.load(args.gain, n), u, before);
            at.store(state, args.final, sample, n);
            read = Access::fused(weight.real, state.real, read);
            read = Access::fused(-weight.imag, state.imag, read);
        }
        access.store(&args.output(sample, t, feature), read + read);
    }
}

/// Steps first <= t < last of a segment once more: trace[k] is the state before step first + k.
template <class Access, class Real>
ELM_HD void run_liquid_segment(const LiquidScanBackwardArgs<Real>& args, std::int64_t sample,
                               std::int64_t first, std::int64_t last,
                               const LiquidFeature<Access, Real>& at) {
    const std::int64_t modes = args.decay.real.extent[0];
    for (std::int64_t n = 0; n < modes; ++n) {
        at.store(at.load(args.segment_starts, sample, first / liquid_scan_segment, n), args.trace,
                 sample, 0, n);
    }
    for (std::int64_t t = first; t < last; ++t) {
        const auto u = at.access.load(&args.input(sample, t, at.feature));
        for (std::int64_t n = 0; n < modes; ++n) {
            at.store(at.next(at.load(args.decay, n), at.load(args.gain, n), u,
                             at.load(args.trace, sample, t - first, n)),
                     args.trace, sample, t - first + 1, n);
        }
    }
}

/// One step back; the gradient of the state that it begins with is in `initial_gradient`.
template <class Access, class Real>
ELM_HD void liquid_step_back(const LiquidScanBackwardArgs<Real>& args, std::int64_t sample,
                             std::int64_t t, std::int64_t row,
                             const LiquidFeature<Access, Real>& at) {
    using Feature = LiquidFeature<Access, Real>;
    using Number = typename Feature::Number;
    const auto u = at.access.load(&args.input(sample, t, at.feature));
    const auto gradient = at.access.load(&args.output_gradient(sample, t, at.feature));
    const Number zero{}, twice{gradient + gradient, zero.imag};
    typename Feature::Value along{};
    for (std::int64_t n = 0; n < args.decay.real.extent[0]; ++n) {
        const Number gain = at.load(args.gain, n);
        const Number before = at.load(args.trace, sample, row, n);
        const Number p = Number::adjoint(at.load(args.weight, n), twice,
                                         at.load(args.initial_gradient, sample, n));
        at.store(Number::correlate(twice, at.load(args.trace, sample, row + 1, n),
                                   at.load(args.weight_gradient, sample, n)),
                 args.weight_gradient, sample, n);
        const auto decay = at.decay_at(at.load(args.decay, n), gain, u);
        const Number of_decay = at.decay_gradient(decay, Number::correlate(p, before, zero));
        const Number sum = at.load(args.decay_gradient, sample, n);
        at.store(Number{sum.real + of_decay.real, sum.imag + of_decay.imag}, args.decay_gradient,
                 sample, n);
        const Number driven{of_decay.real + p.real, of_decay.imag + p.imag};
        const Number of_gain = at.load(args.gain_gradient, sample, n);
        at.store(Number{Access::fused(driven.real, u, of_gain.real),
                        Access::fused(driven.imag, u, of_gain.imag)},
                 args.gain_gradient, sample, n);
        along = Access::fused(driven.real, gain.real, Access::fused(driven.imag, gain.imag, along));
        at.store(Number::adjoint(decay.taken, p, zero), args.initial_gradient, sample, n);
    }
    at.access.store(&args.input_gradient(sample, t, at.feature), along);
}

template <class Access, class Real>
ELM_HD void liquid_feature_backward(const LiquidScanBackwardArgs<Real>& args, std::int64_t sample,
                                    std::int64_t feature, const Access& access) {
    const LiquidFeature<Access, Real> at{access, feature, args.bounded};
    const typename LiquidFeature<Access, Real>::Number zero{};
    for (std::int64_t n = 0; n < args.decay.real.extent[0]; ++n) {
        at.store(at.load(args.final_gradient, sample, n), args.initial_gradient, sample, n);
        for (const auto* sums :
             {&args.decay_gradient, &args.gain_gradient, &args.weight_gradient}) {
            at.store(zero, *sums, sample, n);
        }
    }
    const std::int64_t steps = args.input.extent[1];
    for (std::int64_t segment = args.segment_starts.real.extent[1] - 1; segment >= 0; --segment) {
        const std::int64_t first = segment * liquid_scan_segment;
        const std::int64_t end = first + liquid_scan_segment, last = end < steps ? end : steps;
        run_liquid_segment(args, sample, first, last, at);
        for (std::int64_t t = last - 1; t >= first; --t) {
            liquid_step_back(args, sample, t, t - first, at);
        }
    }
}

}  // namespace elm
