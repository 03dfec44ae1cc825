#pragma once

#include <cstdint>

#include "kernels/autograd/context.h"
#include "kernels/core/spike_train.h"

namespace elm {

/// Variational dropout of the input of a sequence model: an input channel that is dropped is
/// dropped in all steps of the sample, and the others count 1 / (1 - rate), so that the mean stays.
/// Source: Gal & Ghahramani 2016, arXiv 1512.05287.
struct InputDropout {
    double rate = 0;                // in [0, 1)
    RandomKey key = {};             // of the update
    std::int64_t first_sample = 0;  // number of the first sample among those of all processes

    /// What a channel counts that is kept.
    double gain() const noexcept { return 1 / (1 - rate); }
    /// Element (sample, channel) of the mask; it follows from the key and both numbers alone.
    bool keeps(std::int64_t sample, std::int64_t channel, std::int64_t n_channels) const {
        return draw_bernoulli(random_word(key, (first_sample + sample) * n_channels + channel),
                              1 - rate);
    }
};

/// Copies the spikes of the channels that are kept, each of which is to count gain(), to `kept`,
/// whose memory may be that of an older train.
void drop_spikes(const InputDropout& dropout, const SpikeTrain& train, SpikeTrain& kept);

/// The same for dense input (batch, time, channels) on the host: dropped channels are 0 in `kept`,
/// whose memory may be that of an older batch.
void drop_channels(const InputDropout& dropout, const Tensor& input, Tensor& kept);

/// The same on the tape, where the values that are kept are scaled by gain().
Var drop_values(Context& context, const InputDropout& dropout, const Var& input);

}  // namespace elm
