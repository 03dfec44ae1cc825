// Exact attention of steps that are near. With `block` 0 those in a window around each one, see
// softmax_attention.h: its cost is that of the window, and from chunk to chunk keys and values of
// as many steps are kept. Else the sequence is cut into blocks of so many steps, and a step sees
// its own block and `look_back` of those before:
//   y[i] = W_o sum over j of P[i][j] v[j]      P[i] = softmax over j of q[i] k[j] / sqrt(d)
// Source: the sliding window of Zhang et al. 2023, arXiv 2210.07661, whose edges end with the
// sequence; the blocks of Tay et al. 2021, arXiv 2011.04006. The public code of the latter (`mode`
// release) has strided blocks of b steps (strided_blocks.h) of a sequence that is followed by zeros
// up to the next multiple of b, by b of them where it is one. A query that is padding reads the
// mean of its block.

#include <algorithm>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/softmax_attention.h"
#include "baselines/mixers/padding.h"
#include "baselines/mixers/sparse/remembered_lists.h"
#include "baselines/mixers/sparse/strided_blocks.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class BlockAttention : public SequenceMixer {
public:
    BlockAttention(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          block_(options.get<std::int64_t>("block")),
          look_back_(options.get<std::int64_t>("look_back")),
          release_(is_release(options)),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {
        ELM_CHECK(!release_ || look_back_ == 0,
                  "strided blocks see no other ones (look_back is {}). Set look_back to 0, or mode "
                  "to paper.",
                  look_back_);
    }

    MixerTraits traits() const override {
        return {.self_causal = !release_,
                .streams = false,
                .no_causal = release_ ? "a step sees all of its strided block" : "",
                .no_cross = "a block is around a query's own step"};
    }
    double flops_per_step(std::int64_t steps, bool causal) const override {
        const auto own = static_cast<double>(block_) / (causal ? 2 : 1);
        const auto seen = own + static_cast<double>(block_ * look_back_);
        return 4 * static_cast<double>(projections_.inner) *
               std::min(seen, static_cast<double>(steps));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const std::int64_t steps = input.sequence.value.shape()[1];
        const ListedAttentionSettings settings{.heads = projections_.heads};
        if (release_) {
            const std::vector<std::int64_t> lengths = lengths_of(input.lengths, steps);
            const StridedBlocks strided{
                .block = block_, .steps = steps, .spare = block_ - steps % block_};
            RememberedLists::Key key{steps};
            key.insert(key.end(), lengths.begin(), lengths.end());
            const auto lists = lists_.of(key, [&] { return strided.lists(lengths); });
            const auto whole = [&](const Var& all) {
                return pad(context, all, 1, 0, strided.spare);
            };
            const Var query = whole(strided.blanked(context, rows.query, lengths));
            const Var read = listed_attention(context, query, whole(rows.key), whole(rows.value),
                                              *lists, settings)
                                 .output;
            return projections_.output(context, slice(context, read, 1, 0, steps));
        }
        const auto lists = lists_.of({steps, input.causal ? 1 : 0},
                                     [&] { return block_lists(steps, input.causal); });
        ListedAttentionSettings counted = settings;
        counted.lengths = input.lengths;
        return projections_.output(
            context,
            listed_attention(context, rows.query, rows.key, rows.value, *lists, counted).output);
    }

private:
    KeyLists block_lists(std::int64_t steps, bool causal) const {
        KeyLists lists(steps, steps, block_);
        for (std::int64_t begin = 0; begin < steps; begin += block_) {
            lists.see(begin - look_back_ * block_, begin);
            for (std::int64_t key = begin; key < begin + block_; ++key) {
                lists.see(key, key + 1, causal ? key - begin : 0, block_);
            }
            lists.close();
        }
        return lists;
    }

    std::int64_t block_, look_back_;
    bool release_;
    HeadProjections projections_;
    RememberedLists lists_;
};

OptionSet options() {
    OptionSet options = head_options();
    const auto steps = [&](const char* name, std::int64_t value, const char* help, double lowest) {
        options.declare({.name = name,
                         .value = value,
                         .help = help,
                         .unit = "steps",
                         .lowest = lowest,
                         .highest = 1 << 24});
    };
    // Zhang et al. 2023: 15.
    steps("window", 15, "steps on either side that a step sees; causally those up to itself", 1);
    steps("block", 0, "steps of blocks that stand in the place of the window; 0: none", 0);
    options.declare({.name = "look_back",
                     .value = std::int64_t{0},
                     .help = "blocks before its own that a step sees",
                     .lowest = 0,
                     .highest = 65536});
    declare_mode(options, "blocks are strided, and their padding is not");
    return options;
}

}  // namespace

MixerEntry local_attention_mixer() {
    return {.name = "local_attention",
            .summary = "attention in a sliding window, or in blocks",
            .source = "Zhang et al. 2023, arXiv 2210.07661; Tay et al. 2021, arXiv 2011.04006",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                if (chosen.get<std::int64_t>("block") > 0) {
                    return std::make_unique<BlockAttention>(chosen, place);
                }
                return std::make_unique<SoftmaxAttention>(
                    chosen, place, chosen.get<std::int64_t>("window"), false);
            }};
}

}  // namespace elm
