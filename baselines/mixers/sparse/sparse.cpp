// Exact attention in a sparse pattern of blocks of l steps. Of the steps up to itself, step i sees
//   fixed      its own block, and the last c steps of each block
//   strided    the l last ones, and those whose distance is a multiple of l
// and in both directions also what is later. Both sets of a pattern are in one softmax:
//   y[i] = W_o sum over j of P[i][j] v[j]      P[i] = softmax over those j of q[i] k[j] / sqrt(d)
// Source: Child et al. 2019, arXiv 1904.10509. The public code of Tay et al. 2021, arXiv
// 2011.04006, in addition sees the first step of each block, and does not look ahead in either
// direction (`mode` release). With about sqrt(n) steps in a block, cost grows as n sqrt(n).

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/seen_steps.h"
#include "baselines/mixers/sparse/merged_reads.h"
#include "baselines/mixers/sparse/remembered_lists.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Steps with the same remainder by `stride` one after the other, each seeing those before it, or
/// all others.
KeyLists strided_lists(std::int64_t steps, std::int64_t stride, bool causal) {
    constexpr std::int64_t tile = 64;
    KeyLists lists(steps, steps, tile);
    std::vector<std::int32_t> order;
    std::vector<std::int64_t> starts{0};  // of rows with each remainder
    for (std::int64_t remainder = 0; remainder < std::min(stride, steps); ++remainder) {
        for (std::int64_t step = remainder; step < steps; step += stride) {
            order.push_back(static_cast<std::int32_t>(step));
        }
        starts.push_back(std::ssize(order));
    }
    std::size_t first_group = 0;
    for (std::int64_t begin = 0; begin < steps; begin += tile) {
        const std::int64_t end = std::min(begin + tile, steps);
        while (starts[first_group + 1] <= begin) ++first_group;
        for (std::size_t group = first_group; group + 1 < starts.size() && starts[group] < end;
             ++group) {
            const std::int64_t first = std::max(starts[group], begin) - begin;
            const std::int64_t behind = std::min(starts[group + 1], end) - begin;
            for (std::int64_t row = starts[group]; row < starts[group + 1]; ++row) {
                const std::int64_t key = order[static_cast<std::size_t>(row)];
                lists.see(key, key + 1, std::max(first, row + 1 - begin), behind);
                if (!causal) lists.see(key, key + 1, first, std::min(behind, row - begin));
            }
        }
        lists.close();
    }
    lists.append_order(order);
    return lists;
}

class SparseMixer : public SequenceMixer {
public:
    SparseMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          block_(options.get<std::int64_t>("block")),
          summary_(options.get<std::int64_t>("summary")),
          strided_(options.get<std::string>("pattern") == "strided"),
          release_(is_release(options)),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {
        ELM_CHECK(summary_ <= block_,
                  "{} steps of a block of {} are seen by others. Set summary to "
                  "no more than block.",
                  summary_, block_);
    }

    MixerTraits traits() const override {
        return {.streams = false, .no_cross = "its pattern is one of steps of the same sequence"};
    }
    double flops_per_step(std::int64_t steps, bool causal) const override {
        const bool ahead = !causal && !release_;
        const std::int64_t block = std::min(block_, steps), blocks = (steps + block_ - 1) / block_;
        const double near = strided_ ? seen_steps(steps, block - 1, ahead ? block - 1 : 0)
                                     : seen_steps(block, block, ahead ? block : 0);
        const double far = static_cast<double>((strided_ ? 1 : summary_) * (blocks - 1));
        return 4 * static_cast<double>(projections_.inner) * (near + (ahead ? far : far / 2));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const std::int64_t steps = input.sequence.value.shape()[1], heads = projections_.heads;
        const bool causal = input.causal || release_;
        const ListedAttentionSettings settings{.heads = heads, .lengths = input.lengths};
        const auto read = [&](RememberedLists& known, const auto& make) {
            return listed_attention(context, rows.query, rows.key, rows.value,
                                    *known.of({steps, causal ? 1 : 0}, make), settings);
        };
        if (!strided_) {
            return projections_.output(
                context, read(near_, [&] { return fixed_lists(steps, causal); }).output);
        }
        const ListedAttentionResult parts[] = {
            read(near_, [&] { return band_lists(steps, causal); }),
            read(far_, [&] { return strided_lists(steps, block_, causal); })};
        return projections_.output(context, merged_reads(context, parts, heads));
    }

private:
    KeyLists fixed_lists(std::int64_t steps, bool causal) const {
        KeyLists lists(steps, steps, block_);
        for (std::int64_t begin = 0; begin < steps; begin += block_) {
            for (std::int64_t other = 0; other < steps; other += block_) {
                if (other == begin || (causal && other > begin)) continue;
                const std::int64_t end = other + block_;
                if (release_ && summary_ < block_) lists.see(other, other + 1);
                lists.see(end - summary_, end);
            }
            for (std::int64_t key = begin; key < begin + block_; ++key) {
                lists.see(key, key + 1, causal ? key - begin : 0, block_);
            }
            lists.close();
        }
        return lists;
    }

    KeyLists band_lists(std::int64_t steps, bool causal) const {
        KeyLists lists(steps, steps, block_);
        for (std::int64_t begin = 0; begin < steps; begin += block_) {
            const std::int64_t end = causal ? begin + block_ : begin + 2 * block_ - 1;
            for (std::int64_t key = begin - block_ + 1; key < end; ++key) {
                lists.see(key, key + 1, (causal ? key : key - block_ + 1) - begin,
                          key + block_ - begin);
            }
            lists.close();
        }
        return lists;
    }

    std::int64_t block_, summary_;
    bool strided_, release_;
    HeadProjections projections_;
    RememberedLists near_, far_;  // of the pattern, and of its second part
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "pattern",
                     .value = std::string("fixed"),
                     .help = "which far steps are seen: the last ones of each block, or those at "
                             "multiples of its length",
                     .choices = {"fixed", "strided"}});
    // Tay et al. 2021: 50 and 10.
    options.declare({.name = "block",
                     .value = std::int64_t{50},
                     .help = "steps of a block, or the stride",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "summary",
                     .value = std::int64_t{10},
                     .help = "last steps of a block that other blocks see, in the fixed pattern",
                     .unit = "steps",
                     .lowest = 0,
                     .highest = 1 << 24});
    declare_mode(options, "the first step of each block is seen too, and nothing later");
    return options;
}

}  // namespace

MixerEntry sparse_mixer() {
    return {.name = "sparse",
            .summary = "attention in a fixed or strided pattern",
            .source = "Child et al. 2019, arXiv 1904.10509",
            .options = options,
            .make = make_mixer_of<SparseMixer>};
}

}  // namespace elm
