#pragma once

#include "baselines/mixers/mixer_registry.h"
#include "kernels/modules/module.h"

namespace elm {

class OptionSet;

/// The state space of S4, with a diagonal matrix but for a correction of rank 1, one for each
/// feature, by the bilinear rule (equations: kernels/ops/spectral/low_rank_kernel.h):
///
///   y[t] = sum over s <= t of K[s] u[t-s] + D u[t]
///
/// A = -exp(log_decay) + i frequency, B and P begin as those of the HiPPO matrix LegS, normal plus
/// rank 1; with `rows` below the width features share them in turn. What is learned is C' = C (I -
/// Ā^L) of L = `longest` steps. In both directions a second C' looks ahead, beginning with the next
/// step. Source: Gu, Goel & Ré 2022, arXiv 2111.00396; first values as in the authors' code, but
/// that C' and not C begins normal; frequencies are positive and steps stored as logarithms.
class LowRankSpace : public Module {
public:
    /// Options "states", "rows", "longest", "step_min" and "step_max".
    LowRankSpace(const OptionSet& options, const MixerPlace& place);

    static void declare(OptionSet& options);

    /// (batch, time, width) → the same shape. Throws Error{invalid} for a longer sequence.
    Var forward(Context& context, const MixerInput& input) const;

    double flops_per_step(std::int64_t steps, bool causal) const;

private:
    std::int64_t width_, modes_, rows_, longest_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& correction_;     // the same
    ModuleParameter& output_weight_;  // the same
    ModuleParameter& skip_;
};

}  // namespace elm
