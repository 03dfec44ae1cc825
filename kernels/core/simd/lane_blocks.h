#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/parallel.h"

/// Neighbouring units of a row as vectors of lanes: the last ones of a row fill a vector in part.
namespace elm {

template <class Real>
using Lanes = lanes::Vec<Real, lanes::native<Real>>;

/// Whole vectors.
template <class Real>
struct WholeLanes {
    using Value = Lanes<Real>;
    using Arithmetic = WholeLanes;
    static constexpr int width = lanes::native<Real>;
    ELM_INLINE static Lanes<Real> load(const Real* from) { return lanes::load<Real, width>(from); }
    ELM_INLINE static void store(Real* to, const Lanes<Real>& value) {
        lanes::store<Real, width>(to, value);
    }
    /// Asks for the cache line of what will be loaded or stored later.
    ELM_INLINE static void expect(const Real* from) { __builtin_prefetch(from); }
    ELM_INLINE static Lanes<Real> fused(const Lanes<Real>& a, const Lanes<Real>& b,
                                        const Lanes<Real>& c) {
        return lanes::multiply_add<Real, width>(a, b, c);
    }
    /// function(number) of each lane.
    template <class Function>
    ELM_INLINE static Lanes<Real> map(Lanes<Real> value, const Function& function) {
        for (int lane = 0; lane < width; ++lane) value[lane] = function(Real(value[lane]));
        return value;
    }
};

/// The first `count` lanes; the others are 0 and are not stored.
template <class Real>
struct PartLanes : WholeLanes<Real> {
    std::int64_t count;

    explicit PartLanes(std::int64_t lanes_used) : count(lanes_used) {}
    ELM_INLINE Lanes<Real> load(const Real* from) const {
        if (count == WholeLanes<Real>::width) return WholeLanes<Real>::load(from);
        Lanes<Real> value{};
        std::memcpy(&value, from, bytes());
        return value;
    }
    ELM_INLINE void store(Real* to, const Lanes<Real>& value) const {
        if (count == WholeLanes<Real>::width) return WholeLanes<Real>::store(to, value);
        std::memcpy(to, &value, bytes());
    }

private:
    std::size_t bytes() const { return sizeof(Real) * static_cast<std::size_t>(count); }
};

/// Memory of a task for `vectors` vectors, zero at first.
template <class Real>
lanes::AlignedVector<Real> lane_scratch(std::int64_t vectors) {
    return lanes::AlignedVector<Real>(static_cast<std::size_t>(vectors * lanes::native<Real>),
                                      Real(0));
}

/// Vectors of such memory, by number.
template <class Real>
struct Vectors {
    Real* data;
    ELM_INLINE Lanes<Real> operator[](std::int64_t index) const {
        return lanes::load<Real, lanes::native<Real>>(data + index * lanes::native<Real>);
    }
    ELM_INLINE void set(std::int64_t index, const Lanes<Real>& value) const {
        lanes::store<Real, lanes::native<Real>>(data + index * lanes::native<Real>, value);
    }
    ELM_INLINE Vectors from(std::int64_t index) const {
        return {data + index * lanes::native<Real>};
    }
};

/// Calls body.operator()<blocks>(sample, first unit, access) for the units of all samples, a task
/// each: `most` vectors where there are as many, then single ones, then what is left in part of
/// one. A unit meets the same operations in each of them.
template <class Real, int most, class Body>
void for_each_lane_block(std::int64_t samples, std::int64_t units, const Body& body) {
    constexpr std::int64_t width = lanes::native<Real>;
    const std::int64_t large = units / (most * width);
    const std::int64_t single = (units - large * most * width) / width;
    const std::int64_t rest = units % width, blocks = large + single + (rest > 0 ? 1 : 0);
    Cpu::for_each_task(samples * blocks, [&](std::int64_t task) {
        const std::int64_t sample = task / blocks, block = task % blocks;
        if (block < large) {
            body.template operator()<most>(sample, block * most * width, WholeLanes<Real>{});
        } else if (block < large + single) {
            body.template operator()<1>(sample, (large * (most - 1) + block) * width,
                                        WholeLanes<Real>{});
        } else {
            body.template operator()<1>(sample, units - rest, PartLanes<Real>(rest));
        }
    });
}

}  // namespace elm
