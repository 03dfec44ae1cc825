#pragma once

#include "baselines/mixers/attention/heads.h"

namespace elm {

/// Rows of queries or of keys whose features are asked for.
struct FeatureRows {
    Var rows;            // (batch, time, heads, width of a head)
    bool of_keys;        // else of queries
    bool causal;         // then features of a step may not depend on later ones
    std::int64_t begin;  // position of the first step
    Tensor lengths;      // steps of each sample that count, undefined: all
};

/// Attention of several heads whose weights are products of features of queries and keys,
///
///     y[i] = W_o (sum over j of (f(q[i]) g(k[j])) v[j]) / (sum over j of f(q[i]) g(k[j]))
///
/// over the j that count: of the sequence itself, causally, j <= i; of a context all of it. Cost is
/// linear in the length (kernels/ops/attention/linear_attention.h), and from chunk to chunk only
/// sums of fixed size are kept.
class FeatureAttention : public SequenceMixer {
public:
    FeatureAttention(const OptionSet& options, const MixerPlace& place);

    MixerTraits traits() const override {
        return {.cross_noncausal = true, .cross_causal = true, .state_tensors = 2};
    }
    double flops_per_step(std::int64_t steps, bool causal) const override;
    void require_device(const DeviceLimits& device, DType dtype) const override;

protected:
    /// (batch, time, heads, features)
    virtual Var features(Context& context, const FeatureRows& of) = 0;
    virtual std::int64_t feature_count() const = 0;
    /// What is added to the divisor; negative: the divisor is at least as large as this without its
    /// sign.
    virtual double epsilon() const = 0;

    std::int64_t heads() const { return projections_.heads; }
    std::int64_t head_width() const { return projections_.inner / projections_.heads; }

    Var run(Context& context, const MixerInput& input, StateCursor* state) override;

private:
    Var all_features(Context& context, const Var& rows, const MixerInput& input, bool of_keys,
                     std::int64_t begin);

    HeadProjections projections_;
};

}  // namespace elm
