#pragma once

#include "kernels/core/host_device.h"
#include "kernels/ops/basic/activation.h"

/// One step of the recurrence of scan.h for each number by itself, forward and backward:
/// the activations, their slopes and the update of the memory. `Lanes` says what a number is, a
/// vector of samples or of units on the CPU, one value in a thread of a CUDA device, and has
///     V, constant(x), multiply_add(a, b, c) = a b + c, positive(x, then, other) = x > 0 ? then :
///     other, scaled_tanh(x) = phi(x), sigmoid(x), silu(x) = x sigmoid(x)
namespace elm::step {

#define ELM_STEP ELM_HD inline __attribute__((always_inline))

/// A hidden unit's value and derivative at z.
template <class Lanes>
struct Hidden {
    typename Lanes::V value, slope;
};

template <Activation unit, class Lanes>
ELM_STEP typename Lanes::V hidden_value(const typename Lanes::V& z) {
    static_assert(unit == Activation::linear || unit == Activation::relu ||
                  unit == Activation::relu2 || unit == Activation::silu);
    if constexpr (unit == Activation::silu) return Lanes::silu(z);
    if constexpr (unit == Activation::linear) return z;
    const typename Lanes::V above = Lanes::positive(z, z, Lanes::constant(0));
    if constexpr (unit == Activation::relu) return above;
    return above * above;
}

/// The same with its slope. Of SiLU, with s = sigmoid(z):
/// d/dz (z s) = s + z s (1 - s) = s + value (1 - s).
template <Activation unit, class Lanes>
ELM_STEP Hidden<Lanes> hidden_with_slope(const typename Lanes::V& z) {
    const typename Lanes::V value = hidden_value<unit, Lanes>(z);
    const typename Lanes::V zero = Lanes::constant(0), one = Lanes::constant(1);
    if constexpr (unit == Activation::silu) {
        const typename Lanes::V share = Lanes::sigmoid(z);
        return {value, Lanes::multiply_add(value, one - share, share)};
    } else if constexpr (unit == Activation::relu2) {
        return {value, Lanes::positive(z, z + z, zero)};
    } else {
        static_assert(unit == Activation::relu);
        return {value, Lanes::positive(z, one, zero)};
    }
}

/// m_t, the next step's d = kappa m_t, and phi(z) of the last layer's z.
template <class Lanes>
struct Memory {
    typename Lanes::V memory, decayed, update;
};
template <class Lanes, class Number>
ELM_STEP Memory<Lanes> advance_memory(const typename Lanes::V& z, const typename Lanes::V& decayed,
                                      const Number& gain, const Number& decay) {
    const typename Lanes::V update = Lanes::scaled_tanh(z);
    const typename Lanes::V memory = Lanes::multiply_add(gain, update, decayed);
    return {memory, decay * memory, update};
}

/// phi' from the value of phi: (2/3) 1.7159 (1 - tanh^2) with tanh = value / 1.7159.
template <class Lanes>
ELM_STEP typename Lanes::V scaled_tanh_slope(const typename Lanes::V& value) {
    return Lanes::multiply_add(value * value, Lanes::constant(-2.0 / 3.0 / 1.7159),
                               Lanes::constant(2.0 / 3.0 * 1.7159));
}

}  // namespace elm::step
