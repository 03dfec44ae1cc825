#pragma once

#include <cmath>

#include "encoders/rate/rate_draws.h"

namespace elm {

/// Whether a value has a spike in a step whose draw is `word`; Args is one of rate_draws.h.
template <class Args>
ELM_HD bool has_spike(const Args& args, float value, std::uint32_t word) {
    // A written-out fma, so that no compiler decides; as vectors of the CPU have it where it has
    // one. Probabilities outside [0, 1] are as good as its ends, for u is within.
    const float scaled = std::fma(args.gain, value, args.offset);
    const float probability = args.is_signed ? std::fabs(scaled) : scaled;
    return unit_uniform<float>(word) < probability;
}

/// One block of four draws. The last one may be cut short.
struct RateDrawsBlock {
    RateDrawsArgs args;

    ELM_HD void operator()(std::int64_t block) const {
        const PhiloxCounter words =
            random_block(args.key, args.first_draw / draws_per_block + block);
        const std::int64_t channels = args.values.extent[1], count = args.spikes.size();
        for (int k = 0; k < draws_per_block; ++k) {
            const std::int64_t at = block * draws_per_block + k;
            if (at >= count) return;
            const std::int64_t step = at / channels;
            const float value = args.values(step / args.steps_each, at - step * channels);
            args.spikes.data[at] = has_spike(args, value, words.word[k]) ? 1 : 0;
        }
    }
};

/// One block of four draws of a sample, of as many blocks as its steps have when none is padding.
struct BatchDrawsBlock {
    BatchDrawsArgs args;
    std::int64_t blocks_each;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t sample = index / blocks_each, block = index - sample * blocks_each;
        const std::int64_t channels = args.values.extent[2];
        const std::int64_t count = args.lengths(sample) * args.steps_each * channels;
        if (block * draws_per_block >= count) return;
        RandomKey key = args.key;
        key.purpose = static_cast<std::uint32_t>(args.purposes(sample));
        const PhiloxCounter words = random_block(key, block);
        for (int k = 0; k < draws_per_block; ++k) {
            const std::int64_t at = block * draws_per_block + k;
            if (at >= count) return;
            const std::int64_t step = at / channels, channel = at - step * channels;
            const float value = args.values(sample, step / args.steps_each, channel);
            if (step < args.silent_steps || !has_spike(args, value, words.word[k])) continue;
            const std::int64_t unit = args.is_signed ? 2 * channel + (value < 0 ? 1 : 0) : channel;
            args.cells(sample, step, unit) = 1;
        }
    }
};

}  // namespace elm
