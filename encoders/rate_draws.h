#pragma once

#include <cstdint>

#include "kernels/core/kernel.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/view.h"

namespace elm {

/// Independent draws of spikes whose probability in a step is proportional to a value:
///   spikes(t, c) = 1 where u < p, else 0;   p = gain x + offset,   x = values(t / steps_each, c)
/// with |p| in place of p where signed, and u in [0, 1) of 24 bits, the number first_draw + t *
/// channels + c of `key`.
struct RateDrawsArgs {
    View<const float, 2> values;   // (values, channels)
    View<std::uint8_t, 2> spikes;  // (values * steps_each, channels)
    RandomKey key;
    std::int64_t steps_each = 1;  // a draw each
    float gain = 1, offset = 0;
    bool is_signed = false;
    std::int64_t first_draw = 0;  // of the key, of spikes(0, 0); a multiple of draws_per_block
};

template <class Backend>
void run_rate_draws(Stream& stream, const RateDrawsArgs& args);
template <>
void run_rate_draws<Cpu>(Stream& stream, const RateDrawsArgs& args);
template <>
void run_rate_draws<Cuda>(Stream& stream, const RateDrawsArgs& args);

/// Equal bits on every device.
inline constexpr Kernel<RateDrawsArgs> rate_draws_kernel{"rate_draws", &run_rate_draws<Cpu>,
                                                         ELM_IF_CUDA(&run_rate_draws<Cuda>)};

}  // namespace elm
