#include "kernels/core/cuda/tf32.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace elm {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Tf32, rounds_known_values) {
    struct Known {
        float value;
        std::uint32_t bits;
    };
    for (const Known& known : {
             Known{0.0F, 0x00000000},
             {-0.0F, 0x80000000},
             {1.0F, 0x3F800000},
             {-2.0F, 0xC0000000},
             {0x1.004p0F, 0x3F802000},       // the next one after 1
             {0x1.002p0F, 0x3F802000},       // half way: away from zero
             {-0x1.002p0F, 0xBF802000},      // likewise
             {0x1.006p0F, 0x3F804000},       // half way, from an odd number too
             {0x1.001ffep0F, 0x3F800000},    // just below half way
             {0x1.002002p0F, 0x3F802000},    // just above
             {0x1.fffp0F, 0x40000000},       // up to the next power of two
             {0.1F, 0x3DCCC000},             // 0x3DCCCCCD
             {0x1.ffcp127F, 0x7F7FE000},     // the largest
             {0x1.ffdffep127F, 0x7F7FE000},  // just below half way from it to 2^128
             {0x1.ffep127F, 0x7F800000},     // half way
             {-0x1.ffep127F, 0xFF800000},
             {infinity, 0x7F800000},
             {-infinity, 0xFF800000},
             {0x1p-136F, 0x00002000},  // the smallest subnormal
             {0x1p-137F, 0x00002000},  // half of it
             {0x1p-138F, 0x00000000},
         }) {
        EXPECT_EQ(to_tf32(known.value).bits, known.bits) << known.value;
        EXPECT_EQ(to_tf32(to_float(Tf32{known.bits})).bits, known.bits) << known.value;
    }
    EXPECT_TRUE(std::isnan(to_float(to_tf32(std::numeric_limits<float>::quiet_NaN()))));
    // A payload in the ignored bits alone must not become infinity.
    EXPECT_TRUE(std::isnan(to_float(to_tf32(detail::float_from_bits(0x7F800001)))));
    EXPECT_TRUE(std::isnan(to_float(to_tf32(detail::float_from_bits(0xFFFFFFFF)))));
}

TEST(Tf32, ignores_the_low_bits) {
    EXPECT_EQ(to_float(Tf32{0x3F801FFF}), 1.0F);
    EXPECT_EQ(to_float(Tf32{0xC0001234}), -2.0F);
}

/// Independent: a number of 11 significant bits, by scaling in float64.
double nearest(float value) {
    if (value == 0) return value;
    int exponent = 0;
    (void)std::frexp(value, &exponent);
    const int unit = std::max(exponent, -125) - 11;  // exponent of the last bit; subnormals: 2^-136
    return std::ldexp(std::round(std::ldexp(static_cast<double>(value), -unit)), unit);
}

TEST(Tf32, rounds_to_nearest_away_from_zero) {
    std::mt19937 random(5);
    for (int i = 0; i < 400000; ++i) {
        auto bits = static_cast<std::uint32_t>(random());
        if (i % 4 == 0) bits = (bits & ~0x1FFFu) | 0x1000;  // a tie
        if (i % 8 < 2) bits &= 0x81FFFFFF;                  // small ones
        const float value = detail::float_from_bits(bits);
        if (!std::isfinite(value)) continue;
        const auto rounded = static_cast<double>(to_float(to_tf32(value)));
        const double expected = nearest(value);
        if (std::abs(expected) > std::numeric_limits<float>::max()) {
            ASSERT_TRUE(std::isinf(rounded)) << value;
            continue;
        }
        ASSERT_EQ(rounded, expected) << value;
        ASSERT_EQ(std::signbit(rounded), std::signbit(value)) << value;
    }
}

}  // namespace
}  // namespace elm
