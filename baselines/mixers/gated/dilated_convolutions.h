#pragma once

#include <vector>

#include "baselines/mixers/gated/step_summary.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/activation.h"

namespace elm {

/// Dilated convolutions along time on top of each other (K taps, layer i = 0, 1, ... of `depth`
/// with the dilation f^i, g: an activation or nothing, s: silu, *: element by element):
///
///     a_0 = x      a_{i+1} = g(b_i + sum over k of W_i[k] a_i[t - (K - 1 - k) f^i])
///     `residual`:  a_{i+1} = a_i + the same
///     y = s(a_depth + omega * x)
///
/// A step sees R = 1 + (K - 1) (f^depth - 1) / (f - 1) steps; where f is above K, not all of them.
/// In both directions K is odd and the middle tap meets the present step. `depthwise`: each feature
/// by itself, in 2 K depth operations for each feature and step; `full`: all of them, in so many
/// times the features. From chunk to chunk each layer keeps (K - 1) f^i steps of its input.
/// Sources: the dilations of Bai, Kolter & Koltun 2018, arXiv 1803.01271, in the place of moving
/// averages as in Terzic et al. 2023, arXiv 2312.05605, whose abstract leaves K, f, depth and
/// activation open: those here are choices of this project.
class DilatedConvolutions : public StepSummary {
public:
    /// Throws Error{invalid} for an even number of taps in both directions.
    DilatedConvolutions(const OptionSet& options, std::int64_t width, bool causal);

    /// "conv_taps", "conv_dilation", "conv_depth", "conv_kind", "conv_activation" and
    /// "conv_residual".
    static void declare(OptionSet& options);

    bool streams() const override { return true; }
    std::size_t state_tensors() const override { return layers_.size(); }
    double flops_per_step(std::int64_t steps) const override;

    /// Steps that a result depends on, itself included.
    std::int64_t reach() const;

    Var forward(Context& context, const MixerInput& input, StateCursor* state) const override;

private:
    struct Layer {
        ModuleParameter& weight;  // (width, taps), full (width, width, taps)
        ModuleParameter& bias;    // (width)
        std::int64_t dilation;
    };
    Var convolve(Context& context, const Layer& layer, const Var& x, const MixerInput& input,
                 StateCursor* state) const;

    std::int64_t taps_;
    bool is_full_, is_residual_, causal_, is_activated_;
    Activation activation_;
    std::vector<Layer> layers_;
    ModuleParameter& omega_;
};

}  // namespace elm
