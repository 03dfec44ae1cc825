// Exact attention in a window, and of a few global steps, which all see and which see all:
//   y[i] = W_o softmax over j in window(i) or global of q[i] k[j] / sqrt(d), times v[j]
//   y[g] = W_o softmax over all j of q'[g] k'[j] / sqrt(d), times v'[j], for global steps g
// with maps of their own for q', k' and v'. A window of w keys has floor(w / 2) of them after a
// step, and the others are itself and those before it; causally what comes later is left out.
// Source: Beltagy et al. 2020, arXiv 2004.05150; where a window of an even number has its middle as
// in the public code of Tay et al. 2021, arXiv 2011.04006. There are no maps for global steps where
// there are no global steps; that code has them, without a use.

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/seen_steps.h"
#include "baselines/mixers/sparse/remembered_lists.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

/// "0, 7, -1"
std::vector<std::int64_t> read_positions(const std::string& text) {
    std::vector<std::int64_t> positions;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        std::istringstream number(part);
        std::int64_t position = 0;
        ELM_CHECK((number >> position) && (number >> std::ws).eof(),
                  "global_steps is '{}', but '{}' is no whole number. Expected positions and "
                  "commas, as in 0,1,-1.",
                  text, part);
        positions.push_back(position);
    }
    return positions;
}

class LongformerMixer : public SequenceMixer {
public:
    LongformerMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          window_(options.get<std::int64_t>("window")),
          positions_(read_positions(options.get<std::string>("global_steps"))),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {
        if (positions_.empty()) return;
        const bool early = *std::min_element(positions_.begin(), positions_.end()) >= 0;
        ELM_CHECK(early || !place.causal,
                  "global_steps counts from the end of a sequence, which a causal model does not "
                  "know. Choose positions from 0 on, or set causal to false.");
        global_ = &child("global", std::make_unique<GlobalMaps>(options, place.width));
    }

    MixerTraits traits() const override {
        return {.streams = false, .no_cross = "a window is around a query's own step"};
    }

    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, projections_.inner / projections_.heads);
    }
    double flops_per_step(std::int64_t steps, bool causal) const override {
        const auto inner = static_cast<double>(projections_.inner);
        const double window = seen_steps(steps, before(), causal ? 0 : after());
        double seen = window, of_globals = 0;
        for (const std::int64_t position : positions_) {
            const std::int64_t at =
                std::max<std::int64_t>(position < 0 ? steps + position : position, 0);
            // What sees it without having it in its window, and what it sees.
            const auto rows =
                static_cast<double>(causal ? std::max<std::int64_t>(steps - at, 0) : steps);
            seen += std::max(rows - window, 0.0) / static_cast<double>(steps);
            const auto keys = static_cast<double>(causal ? std::min(at + 1, steps) : steps);
            of_globals += (4 * keys + 2 * static_cast<double>(width())) * inner;
        }
        return 4 * inner * std::min(seen, static_cast<double>(steps)) +
               of_globals / static_cast<double>(steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        if (positions_.empty()) {
            return projections_.output(context, attention(context, rows.query, rows.key, rows.value,
                                                          {.heads = projections_.heads,
                                                           .causal = input.causal,
                                                           .before = before(),
                                                           .after = after(),
                                                           .lengths = input.lengths}));
        }
        const auto positions = positions_in(input);
        const auto known =
            lists_.of(key_of(input, positions), [&] { return lists(input, positions); });
        const Var read = listed_attention(context, rows.query, rows.key, rows.value, *known,
                                          {.heads = projections_.heads, .lengths = input.lengths})
                             .output;
        return projections_.output(context, with_global_rows(context, input, positions, read));
    }

private:
    using Positions = std::vector<std::vector<std::int64_t>>;  // of each sample, rising

    struct GlobalMaps : Module {
        GlobalMaps(const OptionSet& options, std::int64_t width)
            : projections(
                  options, width, false,
                  [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                      Linear& map = child(name, std::move(linear));
                      if (std::string_view(name) == "query") count_apart(map);  // of few steps
                      return map;
                  },
                  false) {}
        HeadProjections projections;
    };

    std::int64_t after() const { return window_ / 2; }
    std::int64_t before() const { return window_ - 1 - after(); }

    Positions positions_in(const MixerInput& input) const {
        const Shape& shape = input.sequence.value.shape();
        Positions all;
        for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
            const std::int64_t length =
                input.lengths.defined()
                    ? input.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)]
                    : shape[1];
            std::set<std::int64_t> own;
            for (const std::int64_t position : positions_) {
                const std::int64_t at = position < 0 ? length + position : position;
                if (at >= 0 && at < length) own.insert(at);
            }
            all.emplace_back(own.begin(), own.end());
        }
        return all;
    }

    /// What lists() depends on.
    static RememberedLists::Key key_of(const MixerInput& input, const Positions& positions) {
        RememberedLists::Key key{input.sequence.value.shape()[1], input.causal ? 1 : 0};
        for (const std::vector<std::int64_t>& own : positions) {
            key.push_back(std::ssize(own));
            key.insert(key.end(), own.begin(), own.end());
        }
        return key;
    }

    /// A window of keys, each seen by the rows that it is in the window of, and the global ones.
    KeyLists lists(const MixerInput& input, const Positions& positions) const {
        constexpr std::int64_t tile = 64;
        const std::int64_t steps = input.sequence.value.shape()[1];
        KeyLists lists(steps, steps, tile, std::ssize(positions));
        for (const std::vector<std::int64_t>& own : positions) {
            for (std::int64_t begin = 0; begin < steps; begin += tile) {
                const auto causal_first = [&](std::int64_t key) {
                    return input.causal ? key - begin : std::int64_t{0};
                };
                for (std::int64_t key = begin - before(); key < begin + tile + after(); ++key) {
                    if (std::binary_search(own.begin(), own.end(), key)) continue;
                    const std::int64_t first = std::max(key - after() - begin, causal_first(key));
                    lists.see(key, key + 1, first, key + before() + 1 - begin);
                }
                for (const std::int64_t key : own) lists.see(key, key + 1, causal_first(key), tile);
                lists.close();
            }
        }
        return lists;
    }

    /// `read` with other rows at the global steps.
    Var with_global_rows(Context& context, const MixerInput& input, const Positions& positions,
                         const Var& read) const {
        const Shape& shape = input.sequence.value.shape();
        const std::int64_t batch = shape[0], steps = shape[1];
        const std::int64_t most = std::ssize(positions_);
        if (steps == 0) return read;
        KeyLists lists(most, steps, 1, batch);
        std::vector<std::int32_t> taken, result;  // rows of the sequence, and of both reads
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            const auto& own = positions[static_cast<std::size_t>(sample)];
            for (std::int64_t row = 0; row < steps; ++row) {
                result.push_back(static_cast<std::int32_t>(sample * steps + row));
            }
            for (std::int64_t i = 0; i < most; ++i) {
                const bool used = i < std::ssize(own);
                const std::int64_t at = used ? own[static_cast<std::size_t>(i)] : 0;
                taken.push_back(static_cast<std::int32_t>(sample * steps + at));
                lists.see(0, input.causal ? at + 1 : steps);
                lists.close();
                if (!used) continue;
                result[static_cast<std::size_t>(sample * steps + at)] =
                    static_cast<std::int32_t>(batch * steps + sample * most + i);
            }
        }
        Stream& stream = context.stream;
        const Var rows =
            embedding(context, reshape(context, input.sequence, {batch * steps, shape[2]}),
                      Tensor::from<std::int32_t>(stream, {batch, most}, taken));
        const HeadProjections::Rows maps =
            global_->projections.rows(context, {.sequence = rows, .context = input.sequence});
        const Var global = listed_attention(context, maps.query, maps.key, maps.value, lists,
                                            {.heads = projections_.heads, .lengths = input.lengths})
                               .output;
        const std::int64_t inner = projections_.inner;
        const Var parts[] = {reshape(context, read, {batch * steps, inner}),
                             reshape(context, global, {batch * most, inner})};
        return embedding(context, concatenate(context, parts, 0),
                         Tensor::from<std::int32_t>(stream, {batch, steps}, result));
    }

    std::int64_t window_;
    std::vector<std::int64_t> positions_;  // below 0: from the end
    HeadProjections projections_;
    GlobalMaps* global_ = nullptr;  // null without global steps
    RememberedLists lists_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Tay et al. 2021: 512.
    options.declare({.name = "window",
                     .value = std::int64_t{512},
                     .help = "keys that a step sees, itself in the middle",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "global_steps",
                     .value = std::string(),
                     .help = "positions of steps that all see and that see all, as in 0,1,-1; "
                             "below 0: from the end of each sequence"});
    return options;
}

}  // namespace

MixerEntry longformer_mixer() {
    return {.name = "longformer",
            .summary = "attention in a window, and of global steps",
            .source = "Beltagy et al. 2020, arXiv 2004.05150",
            .options = options,
            .make = make_mixer_of<LongformerMixer>};
}

}  // namespace elm
