#pragma once

#include <cstdint>

#include "kernels/ops/elm/cpu/gradient/gradient_weights.h"
#include "kernels/ops/elm/step_body.h"

/// What a tile of P samples does in one step between the products of the layers, unit by unit: N
/// units as lanes, rows of `width` values for each sample.
///
/// Arrays come by value: a store of a vector could otherwise change where they stand.
namespace elm::gradient {

/// Decay and gain of the memory units, padded to `width`.
template <class Real>
struct MemoryUnits {
    std::int64_t width;
    const Real *decay, *gain;
};

/// m_t and phi(z_t) from z_t and d_t, and d_{t+1}; rows of d are `in_width` apart.
template <class Real, int N, int P>
void advance_units(const MemoryUnits<Real> units, const Real* z, const Real* decayed, Real* next,
                   std::int64_t in_width, Real* memories, Real* updates) {
    for (std::int64_t m = 0; m < units.width; m += N) {
        const Vec<Real, N> gain = load<Real, N>(units.gain + m);
        const Vec<Real, N> decay = load<Real, N>(units.decay + m);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
            const auto now = step::advance_memory<LanesOf<Real, N>>(
                load<Real, N>(z + p * units.width + m), load<Real, N>(decayed + p * in_width + m),
                gain, decay);
            store<Real, N>(memories + p * units.width + m, now.memory);
            store<Real, N>(updates + p * units.width + m, now.update);
            store<Real, N>(next + p * in_width + m, now.decayed);
        }
    }
}

/// m_t once more, with the bits of advance_units.
template <class Real, int N, int P>
void repeat_units(const MemoryUnits<Real> units, const Real* updates, const Real* decayed,
                  std::int64_t in_width, Real* memories) {
    for (std::int64_t m = 0; m < units.width; m += N) {
        const Vec<Real, N> gain = load<Real, N>(units.gain + m);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
            store<Real, N>(memories + p * units.width + m,
                           multiply_add<Real, N>(gain, load<Real, N>(updates + p * units.width + m),
                                                 load<Real, N>(decayed + p * in_width + m)));
        }
    }
}

/// Hidden units: `slopes` holds their z, and gets act'(z).
template <class Real, int N, int P, Activation unit>
void hidden_units(std::int64_t width, std::int64_t n_units, Real* values, Real* slopes) {
    for (int p = 0; p < P; ++p) {
        for (std::int64_t i = p * width; i < p * width + n_units; i += N) {
            const auto hidden =
                step::hidden_with_slope<unit, LanesOf<Real, N>>(load<Real, N>(slopes + i));
            store<Real, N>(values + i, hidden.value);
            store<Real, N>(slopes + i, hidden.slope);
        }
    }
}

/// Adds to `carry`, dL/dm_t from later steps, what comes from the outputs; dz of the last layer
/// replaces `updates`. `out`: dL/dy, rows of out_width; `gain_sums`: null or dL/dgamma.
template <class Real, int N, int P>
void leave_output(const MemoryUnits<Real> units, const Real* readout, int n_output, const Real* out,
                  std::int64_t out_width, Real* carry, Real* updates, Real* gain_sums) {
    using V = Vec<Real, N>;
    for (std::int64_t m = 0; m < units.width; m += N) {
        V g[P];
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) g[p] = load<Real, N>(carry + p * units.width + m);
        for (int o = 0; o < n_output; ++o) {
            const V weight = load<Real, N>(readout + o * units.width + m);
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p) {
                g[p] = multiply_add<Real, N>(out[p * out_width + o], weight, g[p]);
            }
        }
        const V gain = load<Real, N>(units.gain + m);
        V sum{};
        if (gain_sums != nullptr) sum = load<Real, N>(gain_sums + m);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
            Real* const at = updates + p * units.width + m;
            const V update = load<Real, N>(at);
            const V slope = gain * step::scaled_tanh_slope<LanesOf<Real, N>>(update);
            sum = multiply_add<Real, N>(g[p], update, sum);
            store<Real, N>(carry + p * units.width + m, g[p]);
            store<Real, N>(at, V(g[p] * slope));
        }
        if (gain_sums != nullptr) store<Real, N>(gain_sums + m, sum);
    }
}

/// From the gradient of a hidden layer's values to its dz, in `slopes`, which hold act' before; but
/// for ReLU, whose value tells its slope.
template <class Real, int N, int P, Activation unit>
void leave_units(const Real* gradients, const Real* values, std::int64_t width,
                 std::int64_t n_units, Real* slopes) {
    for (int p = 0; p < P; ++p) {
        for (std::int64_t i = p * width; i < p * width + n_units; i += N) {
            const Vec<Real, N> gradient = load<Real, N>(gradients + i);
            if constexpr (unit == Activation::relu) {
                const Vec<Real, N> value = load<Real, N>(values + i), zero{};
                store<Real, N>(slopes + i, LanesOf<Real, N>::positive(value, gradient, zero));
            } else {
                store<Real, N>(slopes + i, Vec<Real, N>(gradient * load<Real, N>(slopes + i)));
            }
        }
    }
}

/// From dL/dd_t and what goes past it to `carry`, dL/dm_{t-1}. `before`: m_{t-1}; `decay_sums`:
/// null or dL/dkappa.
template <class Real, int N, int P>
void leave_memory(const MemoryUnits<Real> units, const Real* gradients, const Real* before,
                  Real* carry, Real* decay_sums) {
    using V = Vec<Real, N>;
    for (std::int64_t m = 0; m < units.width; m += N) {
        const V decay = load<Real, N>(units.decay + m);
        V sum{};
        if (decay_sums != nullptr) sum = load<Real, N>(decay_sums + m);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
            const V gradient = load<Real, N>(gradients + p * units.width + m);
            sum = multiply_add<Real, N>(load<Real, N>(before + p * units.width + m), gradient, sum);
            store<Real, N>(carry + p * units.width + m, V(decay * gradient));
        }
        if (decay_sums != nullptr) store<Real, N>(decay_sums + m, sum);
    }
}

/// Asks for `count` values that a step will read soon.
template <class Real>
void fetch_row(const Real* row, std::int64_t count) {
    constexpr std::int64_t line = 64 / sizeof(Real);
    for (std::int64_t i = 0; i < count; i += line) __builtin_prefetch(row + i, 0, 2);
}

}  // namespace elm::gradient
