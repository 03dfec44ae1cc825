#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/core/simd/lane_math.h"
#include "kernels/core/simd/lanes.h"

namespace elm {

/// The widest vector where shared bodies take the lanes of a step; one_lane.h has one number.
template <class R>
struct ManyLanes {
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
    /// Whether a condition holds in one of the lanes.
    template <class Mask>
    ELM_INLINE static bool any(const Mask& condition) {
        const Value zero{};
        return lanes::nonzero_mask<R, width>(select(condition, Value(zero + 1), zero)) != 0;
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
