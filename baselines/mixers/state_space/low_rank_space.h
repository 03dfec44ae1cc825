#pragma once

#include <vector>

#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/hippo.h"
#include "kernels/modules/module.h"
#include "kernels/ops/basic/complex_planes.h"

namespace elm {

class OptionSet;

/// The state space of S4, with a diagonal matrix but for a correction of rank 1 or 2, one for each
/// feature, by the bilinear rule (equations: kernels/ops/spectral/low_rank/low_rank_kernel.h):
///
///   y[t] = sum over s <= t of K[s] u[t-s] + D u[t]
///
/// A = -exp(log_decay) + i frequency, B and P begin as those of a HiPPO matrix (hippo.h),
/// `initial`: legs or fout, normal plus rank 1, or legt, rank 2; with `rows` below the width
/// features share them in turn. What is learned is C' = C (I - Ā^L) of L = `longest` steps. In both
/// directions a second C' looks ahead, beginning with the next step. Source: Gu, Goel & Ré 2022,
/// arXiv 2111.00396; first values as in the authors' code, but that C' and not C begins normal;
/// frequencies are positive and steps stored as logarithms.
class LowRankSpace : public Module {
public:
    /// Options "states", "initial", "rows", "longest", "step_min" and "step_max".
    LowRankSpace(const OptionSet& options, const MixerPlace& place);

    static void declare(OptionSet& options);

    /// (batch, time, width) → the same shape. Whole sequences, without a state, by a convolution;
    /// throws Error{invalid} for one that is longer than `longest`. From a state by the recurrence
    /// (low_rank_scan.h), however long, with C from C' once for each set of parameters; throws
    /// Error{unsupported} on a tape, for the recurrence has no gradient. State: two tensors.
    Var forward(Context& context, const MixerInput& input, StateCursor* state = nullptr);

    /// Whether it goes on from a state: with a correction of rank 1.
    bool streams() const noexcept { return correction_.shape[1] == rows_; }

    double flops_per_step(std::int64_t steps, bool causal) const;

private:
    LowRankSpace(const OptionSet& options, const MixerPlace& place, const HippoModes& first);

    Var convolved(Context& context, const MixerInput& input) const;
    Var stepped(Context& context, const Var& u, StateCursor& state);
    const TensorPlanes& output_weight(Stream& stream);

    std::int64_t width_, modes_, rows_, longest_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& correction_;     // the same, of one correction behind the other
    ModuleParameter& output_weight_;  // the same
    ModuleParameter& skip_;

    /// C of the parameters that it was last made of.
    struct RecurrentOutput {
        std::vector<double> parameters;
        Device device = {};
        TensorPlanes weight = {};
    } recurrent_;
};

}  // namespace elm
