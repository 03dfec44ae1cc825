// Compares half_types.h with the host conversions of NVIDIA's toolkit. Built where the toolkit is.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "kernels/core/cuda/half_types.h"

namespace elm {
namespace {

/// Equal bits, or both NaN: the toolkit's host code keeps the payload of a NaN, devices do not.
void expect_same(float ours, float theirs, unsigned pattern) {
    if (std::isnan(ours) && std::isnan(theirs)) return;
    ASSERT_EQ(detail::float_bits(ours), detail::float_bits(theirs)) << "pattern " << pattern;
}

TEST(ToolkitConversions, agree_on_all_patterns) {
    for (unsigned pattern = 0; pattern <= 0xFFFF; ++pattern) {
        const auto bits = static_cast<std::uint16_t>(pattern);
        expect_same(to_float(Half{bits}), __half2float(std::bit_cast<__half>(bits)), pattern);
        expect_same(to_float(Bf16{bits}), __bfloat162float(std::bit_cast<__nv_bfloat16>(bits)),
                    pattern);
    }
}

TEST(ToolkitConversions, agree_on_random_floats) {
    std::mt19937 random(11);
    for (int i = 0; i < 1000000; ++i) {
        const float any = detail::float_from_bits(static_cast<std::uint32_t>(random()));
        const float near_half = std::ldexp(static_cast<float>(random() % 65536) / 65536.0f,
                                           static_cast<int>(random() % 44) - 27);
        for (const float value : {any, near_half}) {
            ASSERT_EQ(to_half(value).bits, std::bit_cast<std::uint16_t>(__float2half_rn(value)))
                << value;
            ASSERT_EQ(to_bf16(value).bits, std::bit_cast<std::uint16_t>(__float2bfloat16_rn(value)))
                << value;
        }
    }
}

}  // namespace
}  // namespace elm
