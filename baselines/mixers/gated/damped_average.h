#pragma once

#include <string>

#include "baselines/mixers/sequence_mixer.h"

namespace elm {

class OptionSet;

/// Moving averages of each feature, `states` of them, that are damped (s: sigmoid, *: element by
/// element):
///
///   h[t] = q * h[t-1] + p * beta x[t]     p = s(delta), q = 1 - p * s(alpha)
///   y[t] = silu(sum of gamma * h[t] / sqrt(states) + omega x[t])
///
/// In both directions other averages run from the end of each sequence, and are added; both count
/// the present. With `truncation` only so many steps count, and whole sequences are convolved.
/// Source: Ma et al. 2022, arXiv 2209.10655, section 3.1, first values as in the authors' code.
class DampedAverage : public Module {
public:
    /// Options "states" and "truncation".
    DampedAverage(const OptionSet& options, std::int64_t width, bool causal);

    static void declare(OptionSet& options);

    bool streams() const noexcept { return truncation_ == 0; }

    /// (batch, time, width) → the same shape. State: two tensors.
    Var forward(Context& context, const MixerInput& input, StateCursor* state) const;

private:
    Var in_one_direction(Context& context, const Var& x, std::int64_t direction, const Var& skip,
                         StateCursor* state) const;

    std::int64_t width_, states_, truncation_;
    ModuleParameter& delta_;
    ModuleParameter& alpha_;
    ModuleParameter& beta_;
    ModuleParameter& gamma_;
    ModuleParameter& omega_;
};

}  // namespace elm
