#pragma once

#include "kernels/ops/scan/state_space/diagonal_scan.h"

/// The recurrence of a few neighbouring units of one sample. `Access` loads and stores what of them
/// lies side by side: a number on CUDA, a vector of lanes on the CPU.
namespace elm {

template <class Number, class Access, class T, int Rank, class... Index>
ELM_HD Number load_number(const Access& access, const Planes<T, Rank>& planes, Index... index) {
    if constexpr (Number::is_complex) {
        return {access.load(&planes.real(index...)), access.load(&planes.imag(index...))};
    } else {
        return {access.load(&planes.real(index...))};
    }
}

template <class Number, class Access, class T, int Rank, class... Index>
ELM_HD void store_number(const Access& access, const Number& number, const Planes<T, Rank>& planes,
                         Index... index) {
    access.store(&planes.real(index...), number.real);
    if constexpr (Number::is_complex) access.store(&planes.imag(index...), number.imag);
}

/// Asks for what will be loaded or stored some steps later, which lies `apart` where other units
/// stand between the steps of a few: no processor foresees it then. Inline, for GCC drops calls of
/// a function that does nothing else.
template <class Access, class T, int Rank, class... Index>
ELM_HD inline __attribute__((always_inline)) void expect_number(bool apart, const Access& access,
                                                                const Planes<T, Rank>& planes,
                                                                Index... index) {
    if (!apart) return;
    access.expect(&planes.real(index...));
    if (planes.is_complex()) access.expect(&planes.imag(index...));
}

/// Steps from asking to loading.
inline constexpr std::int64_t steps_ahead = 8;

/// Blocks of units at `unit`, `unit` + Access::width, ...: `blocks` of them side by side, so that a
/// step reads what lies together and one recurrence need not wait for its own result.
template <class Number, bool constant, int blocks, class Access, class Real>
ELM_HD void scan_units(const DiagonalScanArgs<Real>& args, std::int64_t sample, std::int64_t unit,
                       const Access& access) {
    Number state[blocks], decay[blocks];
    for (int k = 0; k < blocks; ++k) {
        const std::int64_t at = unit + k * Access::width;
        state[k] = load_number<Number>(access, args.initial, sample, at);
        if constexpr (constant) decay[k] = load_number<Number>(access, args.decay, 0, 0, at);
    }
    const std::int64_t steps = args.input.real.extent[1];
    const bool apart = args.input.real.extent[2] > blocks * Access::width;
    for (std::int64_t t = 0; t < steps; ++t) {
        const std::int64_t later = t + steps_ahead < steps ? t + steps_ahead : t;
        for (int k = 0; k < blocks; ++k) {
            const std::int64_t at = unit + k * Access::width;
            if constexpr (!constant) expect_number(apart, access, args.decay, sample, later, at);
            expect_number(apart, access, args.input, sample, later, at);
            expect_number(apart, access, args.state, sample, later, at);
            if constexpr (!constant)
                decay[k] = load_number<Number>(access, args.decay, sample, t, at);
            const auto input = load_number<Number>(access, args.input, sample, t, at);
            state[k] = Number::advance(decay[k], state[k], input);
            store_number(access, state[k], args.state, sample, t, at);
        }
    }
}

template <class Number, bool constant, int blocks, class Access, class Real>
ELM_HD void scan_units_backward(const DiagonalScanBackwardArgs<Real>& args, std::int64_t sample,
                                std::int64_t unit, const Access& access) {
    // `carried` is conj(a[t+1]) p[t+1].
    Number carried[blocks] = {}, decay[blocks] = {}, decay_gradient[blocks] = {};
    for (int k = 0; constant && k < blocks; ++k) {
        decay[k] = load_number<Number>(access, args.decay, 0, 0, unit + k * Access::width);
    }
    const bool apart = args.state.real.extent[2] > blocks * Access::width;
    for (std::int64_t t = args.state.real.extent[1] - 1; t >= 0; --t) {
        const std::int64_t later = t > steps_ahead ? t - steps_ahead : 0;
        for (int k = 0; k < blocks; ++k) {
            const std::int64_t at = unit + k * Access::width;
            if constexpr (!constant) {
                expect_number(apart, access, args.decay, sample, later, at);
                expect_number(apart, access, args.decay_gradient, sample, later, at);
            }
            expect_number(apart, access, args.state, sample, later, at);
            expect_number(apart, access, args.state_gradient, sample, later, at);
            expect_number(apart, access, args.input_gradient, sample, later, at);
            if constexpr (!constant)
                decay[k] = load_number<Number>(access, args.decay, sample, t, at);
            auto p = load_number<Number>(access, args.state_gradient, sample, t, at);
            p.real += carried[k].real;
            if constexpr (Number::is_complex) p.imag += carried[k].imag;
            store_number(access, p, args.input_gradient, sample, t, at);
            const auto before = t > 0 ? load_number<Number>(access, args.state, sample, t - 1, at)
                                      : load_number<Number>(access, args.initial, sample, at);
            if constexpr (constant) {
                decay_gradient[k] = Number::correlate(p, before, decay_gradient[k]);
            } else {
                store_number(access, Number::correlate(p, before, Number{}), args.decay_gradient,
                             sample, t, at);
            }
            carried[k] = Number::adjoint(decay[k], p, Number{});
        }
    }
    for (int k = 0; k < blocks; ++k) {
        const std::int64_t at = unit + k * Access::width;
        if constexpr (constant) {
            store_number(access, decay_gradient[k], args.decay_gradient, sample, 0, at);
        }
        store_number(access, carried[k], args.initial_gradient, sample, at);
    }
}

/// Calls run.operator()<complex, constant>() as the arguments say.
template <class Args, class Run>
void visit_kind(const Args& args, const Run& run) {
    const bool complex = args.state.is_complex(), constant = args.constant;
    if (complex && constant) run.template operator()<true, true>();
    if (complex && !constant) run.template operator()<true, false>();
    if (!complex && constant) run.template operator()<false, true>();
    if (!complex && !constant) run.template operator()<false, false>();
}

}  // namespace elm
