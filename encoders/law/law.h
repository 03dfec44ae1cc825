#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include "kernels/core/host_device.h"

/// What an encoder does with one value, written once for the CPU and for CUDA (README.md). A law is
/// plain data with
///
///     steps_each, units_each     steps that a value lasts, units of a channel
///     law(value, emit)           calls emit(step, unit, amount) for what the value becomes, spikes
///                                or real numbers: step and unit count from its own first ones,
///                                the amount is 1 where none is given. Each pair comes once at most
///
/// or, where spikes depend on what became of the values before, `State start(first)` and
/// `law(state, value, emit)`. A product that goes into a sum is a std::fma or a portable::product,
/// and functions are those of portable_math.h, so that the bits do not depend on a compiler.
namespace elm {

/// A value among all of its channel.
struct ChannelValue {
    const float* first;
    std::int64_t stride, step, n_steps;

    ELM_HD float now() const { return at(step); }
    ELM_HD float at(std::int64_t other) const { return first[other * stride]; }
};

/// Laws that go along time.
template <class Law>
concept ScansTime = requires {
    typename Law::State;
};

/// Laws whose amounts are real values, not spikes.
template <class Law>
concept MakesValues = requires {
    requires Law::makes_values;
};

/// Laws that say takes(x) == false of some values in the encoder's range.
template <class Law>
concept MayRefuse = requires(const Law& law) {
    { law.takes(0.0F) } -> std::same_as<bool>;
};

/// Steps and units of one value in a dense encoding, (steps, n_units).
struct DenseCells {
    float* first;
    std::int64_t n_units;

    template <class Amount = int>
    ELM_HD void operator()(std::int64_t step, std::int64_t unit, Amount amount = 1) const {
        first[step * n_units + unit] = static_cast<float>(amount);
    }
};

/// Values that an encoder takes.
struct RangeCheck {
    float lowest, highest;
    bool whole_numbers = false;

    ELM_HD bool takes(float value) const {  // NaN lies nowhere
        return value >= lowest && value <= highest &&
               (!whole_numbers || value == std::floor(value));
    }
};

/// Brings values of another range to an encoder: (x - low) scale, to the nearest whole number where
/// it takes those, and cut at the ends of its range where it has one.
struct ValueMap {
    double low = 0, scale = 1;
    bool rounds = false, cuts = false;
    float lowest = 0, highest = 0;

    ELM_HD float operator()(double x) const {
        auto value = static_cast<float>((x - low) * scale);
        if (rounds) value = std::round(value);
        if (!cuts) return value;
        return value < lowest ? lowest : highest < value ? highest : value;
    }
};

}  // namespace elm
