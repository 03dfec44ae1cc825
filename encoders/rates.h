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

}  // namespace elm
