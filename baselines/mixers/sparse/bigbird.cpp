// Exact attention of blocks of steps: a block sees the first and the last one, its neighbours,
// itself and some at random; the first and the last one see all.
//   y[i] = W_o sum over j of P[i][j] v[j]      P[i] = softmax over the j in those blocks of
//                                                     q[i] k[j] / sqrt(d), each head by itself
// Random blocks are drawn for each head, layer and number of blocks, and follow from `block_seed`
// alone. Blocks see each other in both directions, so there is no causal form.
// Source: Zaheer et al. 2020, arXiv 2007.14062. The public code of Tay et al. 2021, arXiv
// 2011.04006 (`mode` release): a sequence is followed by zeros up to the next multiple of the
// block, by a whole block where it is one, which are seen as keys, and random blocks come from the
// first 1024 steps.

#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "baselines/mixers/sparse/bigbird_blocks.h"
#include "baselines/mixers/sparse/remembered_lists.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class BigBirdMixer : public SequenceMixer {
public:
    BigBirdMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          block_(options.get<std::int64_t>("block")),
          random_(options.get<std::int64_t>("random_blocks")),
          release_(is_release(options)),
          key_(RandomKey{static_cast<std::uint64_t>(options.get<std::int64_t>("block_seed"))}
                   .for_purpose("bigbird")
                   .for_part(static_cast<std::uint32_t>(place.layer))),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {}

    MixerTraits traits() const override {
        return {.self_causal = false,
                .streams = false,
                .no_causal =
                    "first, last and random blocks of all steps are seen, also by earlier ones",
                .no_cross = "its queries and keys stand at the same steps of one sequence"};
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        const std::int64_t blocks = (steps + block_ - 1) / block_, inner = blocks - 2;
        // Blocks that blocks see: the first and the last one all, those beside them one less.
        const std::int64_t seen =
            inner < 1 ? blocks * blocks
                      : 2 * blocks + std::min(inner * blocks, inner * (5 + random_) - 2);
        const double share = static_cast<double>(seen) / static_cast<double>(blocks * blocks);
        return 4 * static_cast<double>(projections_.inner * steps) * share;
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const std::int64_t steps = input.sequence.value.shape()[1];
        BigBirdBlocks blocks{.steps = steps,
                             .block = block_,
                             .heads = projections_.heads,
                             .spare = release_ ? block_ - steps % block_ : 0,
                             .random = random_};
        const std::vector<std::int64_t> lengths = lengths_of(visible_lengths(input), steps);
        RememberedLists::Key key{steps};
        key.insert(key.end(), lengths.begin(), lengths.end());
        const auto lists = lists_.of(key, [&] {
            const auto count = static_cast<std::uint32_t>(blocks.blocks());
            draw_random_blocks(blocks, release_ ? 1024 : 0, key_.for_part(count));
            return bigbird_lists(blocks, lengths);
        });
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const auto with_spare = [&](const Var& all) {
            return blocks.spare == 0 ? all : pad(context, all, 1, 0, blocks.spare);
        };
        const Var read =
            listed_attention(
                context, rows.query, with_spare(rows.key), with_spare(rows.value), *lists,
                {.heads = projections_.heads, .lengths = release_ ? Tensor{} : input.lengths})
                .output;
        return projections_.output(context, read);
    }

private:
    /// Lengths that lists depend on: zeros behind a sequence are seen beyond its length. Without
    /// them the attention itself leaves out what is beyond a length, and all samples share lists.
    Tensor visible_lengths(const MixerInput& input) const {
        return release_ ? input.lengths : Tensor{};
    }

    std::int64_t block_, random_;
    bool release_;
    RandomKey key_;
    HeadProjections projections_;
    RememberedLists lists_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Tay et al. 2021: blocks of 64, 3 random ones.
    options.declare({.name = "block",
                     .value = std::int64_t{64},
                     .help = "steps of a block",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "random_blocks",
                     .value = std::int64_t{3},
                     .help = "blocks at random that a block sees",
                     .lowest = 0,
                     .highest = 4096});
    options.declare({.name = "block_seed",
                     .value = std::int64_t{0},
                     .help = "what the random blocks are drawn from",
                     .lowest = 0,
                     .highest = 2147483647});
    declare_mode(options, "zeros behind the sequence are seen, and far random blocks are not");
    return options;
}

}  // namespace

MixerEntry bigbird_mixer() {
    return {.name = "bigbird",
            .summary = "attention of neighbouring, global and random blocks",
            .source = "Zaheer et al. 2020, arXiv 2007.14062",
            .options = options,
            .make = make_mixer_of<BigBirdMixer>};
}

}  // namespace elm
