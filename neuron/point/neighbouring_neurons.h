#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/core/simd/lane_math.h"
#include "kernels/core/simd/lanes.h"

namespace elm {

/// Neighbouring neurons as the lanes of a vector: what the functions of neuron.h ask of Lanes.
template <class R>
struct NeighbouringNeurons {
    using Real = R;
    static constexpr int width = lanes::native<R>;
    // Template arguments cannot carry may_alias, which lanes::Vec has.
    typedef R Value __attribute__((vector_size(width * sizeof(R))));

    ELM_INLINE static Value load(const R* from) { return lanes::load<R, width>(from); }
    ELM_INLINE static void store(R* to, const Value& value) { lanes::store<R, width>(to, value); }
    template <class Mask>
    ELM_INLINE static Value select(const Mask& condition, const Value& yes, const Value& no) {
        return condition ? yes : no;
    }
    ELM_INLINE static Value exp(const Value& x) {
        if constexpr (std::is_same_v<R, float>) {
            return lane_math::exp<width>(x);
        } else {
            return each(x, [](R lane) { return std::exp(lane); });
        }
    }
    /// A function of one number, lane by lane.
    template <class Body>
    ELM_INLINE static Value each(const Value& x, const Body& body) {
        R values[width];
        store(values, x);
        for (R& value : values) value = body(value);
        return load(values);
    }
};

}  // namespace elm
