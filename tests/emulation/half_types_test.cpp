#include "kernels/core/cuda/half_types.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace elm {
namespace {

// An independent description of both formats: the value of a pattern, in double.
struct Format {
    int fraction_bits;
    int exponent_bits;
    int bias() const { return (1 << (exponent_bits - 1)) - 1; }
    std::uint16_t infinity() const {
        return static_cast<std::uint16_t>(((1 << exponent_bits) - 1) << fraction_bits);
    }
};

constexpr Format bf16{7, 8};
constexpr Format half{10, 5};

double value_of(Format format, std::uint16_t bits) {
    const int fraction = bits & ((1 << format.fraction_bits) - 1);
    const int exponent = bits >> format.fraction_bits & ((1 << format.exponent_bits) - 1);
    const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    const double scale = std::ldexp(1.0, -format.fraction_bits);
    if (exponent == (1 << format.exponent_bits) - 1) {
        return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
    }
    if (exponent == 0) return sign * std::ldexp(fraction * scale, 1 - format.bias());
    return sign * std::ldexp(1.0 + fraction * scale, exponent - format.bias());
}

/// The nearest pattern, ties to the even one, by search among the positive patterns.
std::uint16_t nearest(Format format, float value) {
    if (std::isnan(value)) return 0x7FFF;
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
    const double magnitude = std::abs(static_cast<double>(value));
    std::uint16_t low = 0;
    auto high = format.infinity();
    while (high - low > 1) {
        const auto middle = static_cast<std::uint16_t>((low + high) / 2);
        (value_of(format, middle) <= magnitude ? low : high) = middle;
    }
    if (std::isinf(magnitude)) return static_cast<std::uint16_t>(sign | format.infinity());
    // For rounding, infinity stands where the next finite value would.
    const double upper =
        high == format.infinity() ? std::ldexp(2.0, format.bias()) : value_of(format, high);
    const double below = magnitude - value_of(format, low);
    const double above = upper - magnitude;
    const bool up = above < below || (above == below && low % 2 == 1);
    return static_cast<std::uint16_t>(sign | (up ? high : low));
}

std::vector<float> interesting_floats() {
    std::vector<float> values = {0.0f,
                                 -0.0f,
                                 65504.0f,
                                 65519.996f,
                                 65520.0f,
                                 65536.0f,
                                 3.4e38f,
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::infinity(),
                                 -std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::quiet_NaN(),
                                 std::numeric_limits<float>::denorm_min(),
                                 std::numeric_limits<float>::min(),
                                 std::ldexp(1.0f, -25),
                                 std::nextafter(std::ldexp(1.0f, -25), 1.0f),
                                 std::ldexp(3.0f, -25)};
    std::mt19937 random(7);
    for (int i = 0; i < 200000; ++i) {
        const auto bits = static_cast<std::uint32_t>(random());
        values.push_back(detail::float_from_bits(bits));
        // Near the range of binary16, and exactly on ties of each format.
        const auto exponent = static_cast<int>(random() % 44) - 27;
        const auto fraction = static_cast<float>(random() % 4096);
        values.push_back(std::ldexp(fraction / 4096.0f, exponent));
        values.push_back(detail::float_from_bits(bits & 0xFFFF8000u));
    }
    return values;
}

template <class Narrow>
void expect_round_trip(Format format, Narrow narrow, auto make) {
    for (unsigned pattern = 0; pattern <= 0xFFFF; ++pattern) {
        const auto bits = static_cast<std::uint16_t>(pattern);
        const float wide = to_float(make(bits));
        const double expected = value_of(format, bits);
        if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(wide)) << pattern;
            ASSERT_EQ(narrow(wide).bits, 0x7FFF) << pattern;
            continue;
        }
        ASSERT_EQ(static_cast<double>(wide), expected) << pattern;
        ASSERT_EQ(std::signbit(wide), (bits & 0x8000) != 0) << pattern;
        ASSERT_EQ(narrow(wide).bits, bits) << pattern;
    }
}

TEST(Bf16, all_patterns_survive_the_round_trip) {
    expect_round_trip(bf16, to_bf16, [](std::uint16_t bits) { return Bf16{bits}; });
}

TEST(Half, all_patterns_survive_the_round_trip) {
    expect_round_trip(half, to_half, [](std::uint16_t bits) { return Half{bits}; });
}

TEST(Bf16, rounds_to_nearest_even) {
    for (const float value : interesting_floats()) {
        ASSERT_EQ(to_bf16(value).bits, nearest(bf16, value)) << value;
    }
}

TEST(Half, rounds_to_nearest_even) {
    for (const float value : interesting_floats()) {
        ASSERT_EQ(to_half(value).bits, nearest(half, value)) << value;
    }
}

TEST(Half, known_patterns) {
    EXPECT_EQ(to_half(1.0f).bits, 0x3C00);
    EXPECT_EQ(to_half(-2.0f).bits, 0xC000);
    EXPECT_EQ(to_half(65504.0f).bits, 0x7BFF);
    EXPECT_EQ(to_half(65520.0f).bits, 0x7C00);
    EXPECT_EQ(to_half(std::ldexp(1.0f, -24)).bits, 0x0001);
    EXPECT_EQ(to_bf16(1.0f).bits, 0x3F80);
    EXPECT_EQ(to_bf16(-2.0f).bits, 0xC000);
}

}  // namespace
}  // namespace elm
