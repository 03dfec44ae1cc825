#pragma once

#include <string>

#include "baselines/mixers/gated/step_summary.h"

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
class DampedAverage : public StepSummary {
public:
    /// Options "states" and "truncation".
    DampedAverage(const OptionSet& options, std::int64_t width, bool causal);

    static void declare(OptionSet& options);

    bool streams() const noexcept override { return truncation_ == 0; }
    std::size_t state_tensors() const noexcept override { return 2; }
    /// Whole sequences are scanned, or their kernels are: the same to within a constant.
    double flops_per_step(std::int64_t steps) const override;

    Var forward(Context& context, const MixerInput& input, StateCursor* state) const override;

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
