// Attention of a step's own block of b steps and of one that is a mixture of all blocks, which is
// learned to be the block that belongs to it. Each head by itself, with K[i] the b keys of block i,
//   R[i][j] = element j of W_r (sum of the keys of block i)
//   S = exp(R / temperature), with rows and columns of sum 1 (doubly_stochastic.h)
//   K'[i] = sum over j of S[i][j] K[j]      V'[i] = sum over j of S[i][j] V[j]
//   y = W_o softmax(q [K'[i], K[i]]ᵀ / sqrt(d)) [V'[i], V[i]] for the queries of block i
// The last block may be shorter: it ends in zeros where it is mixed. Blocks are mixed in both
// directions, so there is no causal form. Blocks beyond the length of a sample take no part.
// Source: Tay et al. 2020, arXiv 2002.11296. Where we differ: no Gumbel noise, and keys are summed
// in place of inputs, as in the public code of Tay et al. 2021, arXiv 2011.04006. That code (`mode`
// release) has strided blocks (strided_blocks.h); its mixture is the sum of all blocks whatever R
// is; and it adds up two softmaxes, one for each block. It refuses a sequence that is no multiple
// of a block.

#include <algorithm>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "baselines/mixers/sparse/doubly_stochastic.h"
#include "baselines/mixers/sparse/strided_blocks.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class SinkhornMixer : public SequenceMixer {
public:
    SinkhornMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          block_(options.get<std::int64_t>("block")),
          iterations_(options.get<std::int64_t>("iterations")),
          temperature_(options.get<double>("temperature")),
          release_(is_release(options)),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }),
          sort_(table(
              "sort",
              {options.get<std::int64_t>("most_blocks"), projections_.inner / projections_.heads},
              initialise::uniform_fan_in(projections_.inner / projections_.heads))) {}

    MixerTraits traits() const override {
        return {
            .self_causal = false,
            .streams = false,
            .no_causal = "blocks are sorted by what all of them hold",
            .no_cross = "blocks of queries are sorted against blocks of keys of the same steps"};
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        const std::int64_t blocks = (steps + block_ - 1) / block_, rows = std::min(block_, steps);
        const auto attention = static_cast<double>(4 * (block_ + rows));
        // Mixtures of keys and values, and the scores that they follow from.
        const std::int64_t once = 4 * blocks * blocks * block_ + 2 * blocks * sort_.shape[0];
        const double mixing = release_ ? 0
                                       : static_cast<double>(once) /
                                             static_cast<double>(std::max<std::int64_t>(steps, 1));
        return static_cast<double>(projections_.inner) * (attention + mixing);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const std::int64_t steps = input.sequence.value.shape()[1];
        const std::int64_t most = sort_.shape[0];
        ELM_CHECK(steps <= most * block_,
                  "a sequence of {} steps has more than {} blocks of {}. Set most_blocks to the "
                  "blocks of the longest sequence, or a longer block.",
                  steps, most, block_);
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const Var read = release_ ? with_sum_of_blocks(context, rows, input)
                                  : with_mixed_blocks(context, rows, input);
        return projections_.output(context, read);
    }

private:
    std::int64_t heads() const { return projections_.heads; }

    Var with_mixed_blocks(Context& context, const HeadProjections::Rows& rows,
                          const MixerInput& input) const {
        const Shape shape = rows.key.value.shape();
        const std::int64_t blocks = (shape[1] + block_ - 1) / block_;
        // Blocks of each sample and head: (pairs, blocks, block features).
        const auto in_blocks = [&](const Var& all) {
            const Var counted = without_padding(context, all, input.lengths);
            const Var filled = pad(context, counted, 1, 0, blocks * block_ - shape[1]);
            return reshape(context, split_heads(context, filled, heads()),
                           {shape[0] * heads(), blocks, block_ * shape[2] / heads()});
        };
        const Var keys = in_blocks(rows.key), values = in_blocks(rows.value);
        const Var order = sorted(context, keys, counted_blocks(context, input, blocks));
        const auto both = [&](const Var& own, const Var& of_blocks) {
            const Var mixed = reshape(context, matmul(context, order, of_blocks),
                                      {shape[0] * heads(), blocks * block_, shape[2] / heads()});
            const Var parts[] = {join_heads(context, mixed, heads()), own};
            return concatenate(context, parts, 1);
        };
        return listed_attention(context, rows.query, both(rows.key, keys), both(rows.value, values),
                                lists_of_both(input, blocks), {.heads = heads()})
            .output;
    }

    /// S, (pairs, blocks, blocks).
    Var sorted(Context& context, const Var& keys, const Tensor& counted) const {
        const Shape shape = keys.value.shape();
        const Var each = reshape(context, keys, {shape[0], shape[1], block_, shape[2] / block_});
        const Var scores = linear(context, sum(context, each, 2), use(context, sort_));
        const Var known = slice(context, scores, 2, 0, shape[1]);
        return doubly_stochastic(context, scale(context, known, 1 / temperature_), iterations_,
                                 counted);
    }

    /// 1 where a block has a step that counts, (pairs, blocks).
    Tensor counted_blocks(Context& context, const MixerInput& input, std::int64_t blocks) const {
        if (!input.lengths.defined()) return {};
        return visit_real(input.sequence.value.dtype(), [&]<class Real>(Real) {
            std::vector<Real> counted;
            for (const std::int64_t length :
                 lengths_of(input.lengths, input.sequence.value.shape()[1])) {
                for (std::int64_t i = 0; i < heads() * blocks; ++i) {
                    counted.push_back(i % blocks * block_ < length ? Real(1) : Real(0));
                }
            }
            return Tensor::from<Real>(context.stream, {input.lengths.shape()[0] * heads(), blocks},
                                      counted);
        });
    }

    /// Keys are those of mixed blocks and then those of the sequence.
    KeyLists lists_of_both(const MixerInput& input, std::int64_t blocks) const {
        const std::int64_t steps = input.sequence.value.shape()[1], own = blocks * block_;
        const std::vector<std::int64_t> lengths =
            lengths_of(input.lengths, input.sequence.value.shape()[1]);
        KeyLists lists(steps, own + steps, block_, std::ssize(lengths));
        for (const std::int64_t length : lengths) {
            for (std::int64_t begin = 0; begin < steps; begin += block_) {
                lists.see(begin, begin + std::min(block_, length));
                lists.see(own + begin, own + std::min(begin + block_, length));
                lists.close();
            }
        }
        return lists;
    }

    Var with_sum_of_blocks(Context& context, const HeadProjections::Rows& rows,
                           const MixerInput& input) const {
        const Shape shape = rows.key.value.shape();
        ELM_CHECK(shape[1] % block_ == 0,
                  "a sequence of {} steps is no multiple of a block of {}, which mode release "
                  "expects. Set another block, or mode to paper.",
                  shape[1], block_);
        const auto sum_of_blocks = [&](const Var& all) {
            const Var each = reshape(context, all, {shape[0], block_, shape[1] / block_, shape[2]});
            return sum(context, each, 2);
        };
        const ListedAttentionSettings settings{.heads = heads()};
        const std::vector<std::int64_t> lengths = lengths_of(input.lengths, shape[1]);
        const StridedBlocks strided{.block = block_, .steps = shape[1]};
        const Var own = listed_attention(context, strided.blanked(context, rows.query, lengths),
                                         rows.key, rows.value, strided.lists(lengths), settings)
                            .output;
        KeyLists of_sum(shape[1], block_, shape[1] == 0 ? 1 : shape[1], std::ssize(lengths));
        for (const std::int64_t length : lengths) {
            of_sum.see(0, std::min(block_, length));
            if (of_sum.tiles() > 0) of_sum.close();
        }
        const Var mixed = listed_attention(context, rows.query, sum_of_blocks(rows.key),
                                           sum_of_blocks(rows.value), of_sum, settings)
                              .output;
        return add(context, own, mixed);
    }

    std::int64_t block_, iterations_;
    double temperature_;
    bool release_;
    HeadProjections projections_;
    ModuleParameter& sort_;  // (most blocks, features of a head)
};

OptionSet options() {
    OptionSet options = head_options();
    // Tay et al. 2021: blocks of 50, at most 25 of them.
    options.declare({.name = "block",
                     .value = std::int64_t{50},
                     .help = "steps of a block",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "most_blocks",
                     .value = std::int64_t{64},
                     .help = "blocks of the longest sequence",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "iterations",
                     .value = std::int64_t{8},
                     .help = "times that rows and columns are divided by their sums",
                     .lowest = 1,
                     .highest = 1000});
    options.declare({.name = "temperature",
                     .value = 0.75,
                     .help = "what the scores of blocks are divided by",
                     .lowest = 1e-6,
                     .highest = 1e6});
    declare_mode(options, "strided blocks, and the sum of all blocks in place of their mixture");
    return options;
}

}  // namespace

MixerEntry sinkhorn_mixer() {
    return {.name = "sinkhorn",
            .summary = "attention of a block and of one that is sorted to it",
            .source = "Tay et al. 2020, arXiv 2002.11296",
            .options = options,
            .make = make_mixer_of<SinkhornMixer>};
}

}  // namespace elm
