#pragma once

/// 16-bit floating point storage: Bf16 (8 exponent bits, 7 of fraction) and Half (IEEE 754
/// binary16). Plain bits and conversions; arithmetic is done in float.
///
/// Narrowing rounds to nearest, ties to even; too large becomes infinity; every NaN becomes 0x7FFF.
/// That is what cvt.rn does on a device, so both sides give the same bits.

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#    define ELM_HALF_HD __host__ __device__ __forceinline__
#else
#    define ELM_HALF_HD inline
#endif

namespace elm {

struct Bf16 {
    std::uint16_t bits;
    bool operator==(const Bf16&) const = default;  ///< of bits: NaN equals itself, -0 is not +0
};

struct Half {
    std::uint16_t bits;
    bool operator==(const Half&) const = default;  ///< of bits: NaN equals itself, -0 is not +0
};

namespace detail {

inline constexpr std::uint16_t narrow_nan = 0x7FFF;
inline constexpr std::uint32_t float_infinity = 0x7F800000;

ELM_HALF_HD std::uint32_t float_bits(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

ELM_HALF_HD float float_from_bits(std::uint32_t bits) {
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/// Drops the lowest `count` bits, to nearest, ties to even.
ELM_HALF_HD std::uint32_t round_shift(std::uint32_t bits, unsigned count) {
    const std::uint32_t below_half = (1u << (count - 1)) - 1;
    return (bits + below_half + ((bits >> count) & 1u)) >> count;
}

}  // namespace detail

ELM_HALF_HD float to_float(Bf16 value) {
    return detail::float_from_bits(std::uint32_t{value.bits} << 16);
}

ELM_HALF_HD Bf16 to_bf16(float value) {
    const std::uint32_t bits = detail::float_bits(value);
    if ((bits & 0x7FFFFFFFu) > detail::float_infinity) return Bf16{detail::narrow_nan};
    return Bf16{static_cast<std::uint16_t>(detail::round_shift(bits, 16))};
}

ELM_HALF_HD float to_float(Half value) {
    const std::uint32_t sign = (value.bits & 0x8000u) << 16;
    const std::uint32_t magnitude = value.bits & 0x7FFFu;
    constexpr std::uint32_t infinity = 0x7C00;
    constexpr std::uint32_t smallest_normal = 0x0400;
    if (magnitude >= infinity) {
        const std::uint32_t fraction = (magnitude & 0x3FFu) << 13;
        return detail::float_from_bits(sign | detail::float_infinity | fraction);
    }
    if (magnitude < smallest_normal) {
        constexpr float unit = 1.0f / 16777216.0f;  // 2^-24, the smallest half
        const float absolute = static_cast<float>(magnitude) * unit;
        return detail::float_from_bits(sign | detail::float_bits(absolute));
    }
    constexpr std::uint32_t bias_difference = 127 - 15;
    return detail::float_from_bits(sign | ((magnitude << 13) + (bias_difference << 23)));
}

ELM_HALF_HD Half to_half(float value) {
    const std::uint32_t bits = detail::float_bits(value);
    const std::uint32_t sign = bits >> 16 & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
    constexpr std::uint32_t rounds_to_infinity = 0x477FF000;  // 65520: half way from 65504
    constexpr std::uint32_t smallest_normal = 0x38800000;     // 2^-14
    std::uint32_t result = 0;
    if (magnitude > detail::float_infinity) return Half{detail::narrow_nan};
    if (magnitude >= rounds_to_infinity) {
        result = 0x7C00;
    } else if (magnitude >= smallest_normal) {
        constexpr std::uint32_t bias_difference = 127 - 15;
        result = detail::round_shift(magnitude - (bias_difference << 23), 13);
    } else {
        // In [0.5, 1) a float's unit is 2^-24, that of the subnormal halves: the addition rounds.
        const float aligned = detail::float_from_bits(magnitude) + 0.5f;
        result = detail::float_bits(aligned) - 0x3F000000u;
    }
    return Half{static_cast<std::uint16_t>(sign | result)};
}

}  // namespace elm

#undef ELM_HALF_HD
