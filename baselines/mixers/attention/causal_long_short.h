#pragma once

#include "baselines/mixers/attention/heads.h"

namespace elm {

/// Attention of the last steps and of summaries of all chunks of steps before a step's own, each
/// head by itself. With layer norms N and N' over all heads together, w window steps, chunks of c
/// steps, r summaries of each, and q = W_q x / sqrt(d):
///
///     k = N(W_k x), v = N(W_v x)         of the steps j = i - w + 1 .. i
///     k' = N'(Pᵀ W_k x), v' = N'(Pᵀ W_v x)   of each chunk, P = softmax over its steps of W_p x
///     score of step j       (q + a) k + (q + b) R e(i - j)
///     score of summary m    q k' + q (R' e(n - 1 - m) + b')      n: summaries before i's chunk
///
/// with one softmax over both; e(t) holds sines of t / 10000^(2 f / width) and then cosines. No
/// step sees summaries of its own chunk. `mode` release: as if zeros came before the first step, w
/// of them seen in the window and `memory` of them in chunks; else there is nothing. Source: Zhu et
/// al. 2021, arXiv 2107.02192, as in the code of Zhang et al. 2023, arXiv 2210.07661.
class CausalLongShort : public SequenceMixer {
public:
    /// Throws Error{invalid} for an odd width, which sines and cosines do not share.
    CausalLongShort(const OptionSet& options, const MixerPlace& place);

    /// "causal_window", "chunk_steps", "chunk_summaries", "memory" and "mode".
    static void declare(OptionSet& options);

    MixerTraits traits() const override;
    double flops_per_step(std::int64_t steps, bool causal) const override;

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override;

private:
    struct Summaries {
        Var scores;  // (batch heads, steps, count)
        Var values;  // (batch heads, count, width)
        std::int64_t count;
    };
    std::int64_t heads() const { return projections_.heads; }
    std::int64_t remembered() const;

    Summaries summaries(Context& context, const MixerInput& input,
                        const HeadProjections::Rows& rows, const Var& query) const;
    Var chunk_means(Context& context, const Var& shares, const Var& rows,
                    std::int64_t chunks) const;
    Var chunk_distances(Context& context, const Var& query, std::int64_t chunks,
                        std::int64_t count) const;
    Var window_scores(Context& context, const Var& query, const Var& keys,
                      std::int64_t blocks) const;
    Var blocks_with_history(Context& context, const Var& rows, std::int64_t blocks) const;
    Var distance_rows(Context& context, const Linear& map, std::int64_t count, DType dtype) const;

    bool sees_zeros_;
    std::int64_t window_, chunk_, per_chunk_, memory_;
    HeadProjections projections_;
    Linear& summary_;
    LayerNorm& norm_;
    LayerNorm& summary_norm_;
    Linear& distance_;
    Linear& chunk_distance_;
    ModuleParameter& content_bias_;
    ModuleParameter& distance_bias_;
};

}  // namespace elm
