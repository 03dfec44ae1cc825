#pragma once

#include <cmath>

#include "encoders/rate_draws.h"

namespace elm {

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
            // A written-out fma, so that no compiler decides; as vectors of the CPU have it where
            // it has one. Probabilities outside [0, 1] are as
            // good as its ends, for u is within.
            const float scaled = std::fma(args.gain, value, args.offset);
            const float probability = args.is_signed ? std::fabs(scaled) : scaled;
            args.spikes.data[at] = unit_uniform<float>(words.word[k]) < probability ? 1 : 0;
        }
    }
};

}  // namespace elm
