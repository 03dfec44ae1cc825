#pragma once

#include "encoders/encoder.h"

namespace elm {

/// Options of encoders whose rate of spikes is proportional to a value: "rate_hz",
/// "spontaneous_hz", "onset_ms", "step_ms".
OptionSet rate_options();

/// Spikes of each step with probability p = (rate_hz x + spontaneous_hz) step_ms / 1000, or |p|
/// where signed: the draws of rate_draws.h, in order of step and channel. None before "onset_ms".
/// Throws Error{invalid} for a rate of more than one spike a step.
Encoding draw_rates(const OptionSet& options, const Signal& signal, const RandomKey& key,
                    bool is_signed);
/// The same of a batch on a CUDA device, as encode_batch() has it.
Tensor draw_rates(Stream& stream, const OptionSet& options, const SignalBatch& batch,
                  bool is_signed);

/// How probabilities follow from values, as rate_draws.h has it.
struct RateCode {
    std::int64_t steps_each = 1, silent_steps = 0;
    float gain = 1, offset = 0;
    bool is_signed = false;
};

/// Draws of a batch on a CUDA device: (samples, steps, channels), or twice the channels where
/// signed. Throws Error{invalid} for more draws than a key has.
Tensor draw_batch(Stream& stream, const SignalBatch& batch, const RateCode& code);

}  // namespace elm
