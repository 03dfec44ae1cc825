#pragma once

/// Tf32: a float32 word of which 8 exponent bits and the upper 10 of fraction count, as the tensor
/// cores read it. Plain bits and conversions; arithmetic is done in float.
///
/// Rounding is to nearest, ties away from zero, as cvt.rna does on a device (sm_80 on); too large
/// becomes infinity. Unit round-off 2^-11.

#include <cstdint>

#include "kernels/core/cuda/half_types.h"

#ifdef __CUDACC__
#    define ELM_TF32_HD __host__ __device__ __forceinline__
#else
#    define ELM_TF32_HD inline
#endif

namespace elm {

struct Tf32 {
    std::uint32_t bits;  ///< those of a float; the lowest 13 do not count
};

namespace detail {
inline constexpr std::uint32_t tf32_ignored = 0x1FFF;
}  // namespace detail

ELM_TF32_HD float to_float(Tf32 value) {
    return detail::float_from_bits(value.bits & ~detail::tf32_ignored);
}

/// A NaN stays one; its bits may differ between host and device.
ELM_TF32_HD Tf32 to_tf32(float value) {
#ifdef __CUDA_ARCH__
    std::uint32_t rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
    return Tf32{rounded};
#else
    const std::uint32_t bits = detail::float_bits(value);
    if ((bits & 0x7FFFFFFFu) > detail::float_infinity) return Tf32{0x7FFFE000};
    return Tf32{(bits + (detail::tf32_ignored + 1) / 2) & ~detail::tf32_ignored};
#endif
}

}  // namespace elm

#undef ELM_TF32_HD
