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

/// The same draws of each sample of a batch, on CUDA alone: 1 where there is a spike, of unit c, or
/// where signed of unit 2 c for a value x >= 0 and 2 c + 1 for x < 0. Cells are 0 before.
struct BatchDrawsArgs {
    View<const float, 3> values;           // (samples, values, channels)
    View<const std::int32_t, 1> lengths;   // (samples): values that count
    View<const std::int32_t, 1> purposes;  // (samples): bits of the purpose of each one's key
    View<float, 3> cells;                  // (samples, values * steps_each, units)
    RandomKey key;                         // seed and step of all
    std::int64_t steps_each = 1, silent_steps = 0;  // none before so many steps
    float gain = 1, offset = 0;
    bool is_signed = false;
};

template <class Backend>
void run_batch_draws(Stream& stream, const BatchDrawsArgs& args);
template <>
void run_batch_draws<Cuda>(Stream& stream, const BatchDrawsArgs& args);

inline constexpr Kernel<BatchDrawsArgs> batch_draws_kernel{"batch_draws", nullptr,
                                                           ELM_IF_CUDA(&run_batch_draws<Cuda>)};

}  // namespace elm
