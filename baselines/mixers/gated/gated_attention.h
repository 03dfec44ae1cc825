#pragma once

#include <memory>
#include <string>

#include "baselines/mixers/attention/distance_bias.h"
#include "baselines/mixers/gated/step_summary.h"
#include "baselines/mixers/gated/weighted_reads.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"

namespace elm {

/// Attention of one head whose queries and keys are made of a summary A of the steps around each
/// one, and gates (s: sigmoid, f: silu, *: element by element):
///
///     v = f(W_v x + b_v)        u, z, r, c = W A(x) + b, through s, f, f and nothing
///     q = g_q * z + o_q         k = g_k * z + o_k
///     h = f(c + W_h (r * attention(q, k, v)) + b_h)
///     y = u * (h - x'), so that x' + y = u * h + (1 - u) * x'   with x' what y will be added to
///
/// Attention weights are a softmax of q k / sqrt(d) + B, or a function of q k / n + B of each by
/// itself, with n the number of keys that count: `laplace` (kernels/ops/basic/activation.h) or the
/// square of what is above 0. B follows from the distance: numbers of their own, or `rotary`, the
/// product of two vectors turned by their positions. With `chunk`, attention is within pieces of so
/// many steps, of which the last one may be shorter, and so is what goes on from chunk to chunk; a
/// sequence of no more steps is one piece. Without, memory of a step grows.
/// Without `gates` it is a summary and then plain attention, each added: with s = A(x),
///
///     v = W_v (x + s) + b_v    z = f(W (x + s) + b)    y = s + W_h attention(q, k, v) + b_h
///
/// Source: Ma et al. 2022, arXiv 2209.10655, sections 3.2 to 3.4; first values as in the authors'
/// code but for the matrices, which begin as those of other layers do.
class GatedAttention : public SequenceMixer {
public:
    /// Options as declare() makes them; `summary`, of `place`, becomes the child "move".
    GatedAttention(const OptionSet& options, const MixerPlace& place,
                   std::unique_ptr<StepSummary> summary);

    /// "attention", "shared_width", "value_width", "chunk", "gates", "rotary" and "longest".
    static void declare(OptionSet& options);

    MixerTraits traits() const override;
    void require_device(const DeviceLimits& device, DType dtype) const override;
    double flops_per_step(std::int64_t steps, bool causal) const override;

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override;

private:
    Var with_gates(Context& context, const MixerInput& input, const Var& summary,
                   StateCursor* state) const;
    Var without_gates(Context& context, const MixerInput& input, const Var& summary,
                      StateCursor* state) const;
    Var row_of(Context& context, const Var& shared, std::int64_t which) const;
    Var attend(Context& context, const Var& query, const Var& key, const Var& value,
               const MixerInput& input, StateCursor* state) const;
    Var in_chunks(Context& context, const WeightedReads& in) const;
    Var within_chunk(Context& context, WeightedReads in) const;

    std::string kind_;
    std::int64_t shared_, inner_, chunk_;
    bool is_gated_;
    StepSummary& summary_;
    Linear& value_;
    Linear& base_;
    ModuleParameter& gain_;    // of queries, then of keys
    ModuleParameter& offset_;  // the same
    Linear& output_;
    DistanceBias& bias_;
};

}  // namespace elm
