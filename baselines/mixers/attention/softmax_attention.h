#pragma once

#include <memory>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/attention/rotation.h"

namespace elm {

/// Attention of several heads by softmax, of all steps or of those in a window around each one:
///
///     q = W_q x, k = W_k s, v = W_v s      (s: the sequence x itself, or a context)
///     P = softmax over j of q[i] k[j] / sqrt(d), each head by itself, over the j that count
///     y[i] = W_o sum over j of P[i][j] v[j]
///
/// Of the sequence itself, causally, j <= i counts; of a context all of it. With a window w, j
/// counts from i - w to i + w, causally from i - w + 1 to i. d is the number of features of a head.
/// Keys have no bias: it would add the same to all scores of a row.
class SoftmaxAttention : public SequenceMixer {
public:
    /// `window` 0: all steps. Rotary positions where the options have them and say so.
    SoftmaxAttention(const OptionSet& options, const MixerPlace& place, std::int64_t window,
                     bool rotary);

    /// The state: keys and values of all steps so far, or of those that a window still reaches.
    MixerTraits traits() const override;
    double flops_per_step(std::int64_t steps, bool causal) const override;
    void require_device(const DeviceLimits& device, DType dtype) const override;

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override;
    /// What is added to the scores of queries at positions begin .. end with keys 0 .. end, (heads,
    /// end - begin, end); without value: nothing.
    virtual Var bias(Context& /*context*/, std::int64_t /*begin*/, std::int64_t /*end*/) {
        return {};
    }
    std::int64_t heads() const { return projections_.heads; }

private:
    /// What goes on to the next chunk.
    Tensor kept(Context& context, const Tensor& rows) const;

    std::int64_t window_;
    HeadProjections projections_;
    std::unique_ptr<Rotation> rotation_;  // null without one
};

}  // namespace elm
