#include "baselines/mixers/gated/gated_attention.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/whole_option.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

/// Keys that count in each chunk of each sample.
Tensor counts_of(const Tensor& lengths, std::int64_t batch, std::int64_t steps,
                 std::int64_t chunk) {
    const std::int64_t chunks = (steps + chunk - 1) / chunk;
    if (!lengths.defined() && steps == chunks * chunk) return {};
    std::vector<std::int32_t> counts;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
        const std::int64_t length =
            lengths.defined() ? lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)]
                              : steps;
        for (std::int64_t begin = 0; begin < chunks * chunk; begin += chunk) {
            counts.push_back(
                static_cast<std::int32_t>(std::clamp<std::int64_t>(length - begin, 0, chunk)));
        }
    }
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {batch * chunks}, counts);
}

std::int64_t inner_of(const OptionSet& options, std::int64_t width) {
    const auto chosen = options.get<std::int64_t>("value_width");
    return chosen > 0 ? chosen : 2 * width;
}

}  // namespace

GatedAttention::GatedAttention(const OptionSet& options, const MixerPlace& place,
                               std::unique_ptr<StepSummary> summary)
    : SequenceMixer(place.width),
      kind_(options.get<std::string>("attention")),
      shared_(options.get<std::int64_t>("shared_width")),
      inner_(inner_of(options, place.width)),
      chunk_(options.get<std::int64_t>("chunk")),
      is_gated_(options.get<bool>("gates")),
      summary_(child("move", std::move(summary))),
      value_(child("value", std::make_unique<Linear>(width(), inner_))),
      base_(child("base", std::make_unique<Linear>(
                              width(), is_gated_ ? 2 * width() + shared_ + inner_ : shared_))),
      gain_(parameter("gain", {2, shared_}, initialise::normal(0, 0.02))),
      offset_(offset("offset", {2, shared_}, initialise::constant(0))),
      output_(child("output", std::make_unique<Linear>(inner_, width()))),
      bias_(child("bias", std::make_unique<DistanceBias>(options, shared_, chunk_))) {}

void GatedAttention::declare(OptionSet& options) {
    declare_weights(options);
    options.declare(whole_option("shared_width", 32, "features of queries and keys", 1, 4096));
    options.declare(
        whole_option("value_width", 0, "features of values; 0: twice the width", 0, 65536));
    options.declare(
        whole_option("chunk", 0, "steps that attend to each other; 0: all", 0, 1 << 24));
    options.declare({.name = "gates",
                     .value = true,
                     .help = "gates around the attention; without, it is added to the summary"});
    DistanceBias::declare(options);
}

MixerTraits GatedAttention::traits() const {
    return {.streams = summary_.streams(),
            .state_tensors = summary_.state_tensors() + 2,
            .no_cross = "its queries and keys are made of one sequence; mega_cross reads another"};
}

/// One head reads all values, which are wider than the model.
void GatedAttention::require_device(const DeviceLimits& device, DType) const {
    if (kind_ != "softmax" || device.kind == DeviceKind::cpu) return;
    if (std::max(shared_, inner_) <= attention_device_features) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("gated attention: {} features by softmax, on CUDA at most {}. Use a "
                            "smaller width, or another attention.",
                            std::max(shared_, inner_), attention_device_features));
}

double GatedAttention::flops_per_step(std::int64_t steps, bool causal) const {
    const auto reach = static_cast<double>(chunk_ > 0 ? std::min(chunk_, steps) : steps);
    return 2 * static_cast<double>(shared_ + inner_) * (causal ? (reach + 1) / 2 : reach) +
           summary_.flops_per_step(steps);
}

Var GatedAttention::run(Context& context, const MixerInput& input, StateCursor* state) {
    const Var summary = summary_.forward(context, input, state);
    return is_gated_ ? with_gates(context, input, summary, state)
                     : without_gates(context, input, summary, state);
}

Var GatedAttention::with_gates(Context& context, const MixerInput& input, const Var& summary,
                               StateCursor* state) const {
    const Var value = activate(context, value_.forward(context, input.sequence), Activation::silu);
    const Var base = base_.forward(context, summary);
    const auto part = [&](std::int64_t begin, std::int64_t count, Activation function) {
        return activate(context, slice(context, base, -1, begin, begin + count), function);
    };
    const Var update = part(0, width(), Activation::sigmoid);
    const Var shared = part(width(), shared_, Activation::silu);
    const Var reset = part(width() + shared_, inner_, Activation::silu);
    const std::int64_t rest = width() + shared_ + inner_;
    const Var read = attend(context, row_of(context, shared, 0), row_of(context, shared, 1), value,
                            input, state);
    const Var candidate = activate(context,
                                   add(context, slice(context, base, -1, rest, rest + width()),
                                       output_.forward(context, multiply(context, reset, read))),
                                   Activation::silu);
    const Var& around = input.around.value.defined() ? input.around : input.sequence;
    return multiply(context, update, subtract(context, candidate, around));
}

Var GatedAttention::without_gates(Context& context, const MixerInput& input, const Var& summary,
                                  StateCursor* state) const {
    const Var mixed = add(context, input.sequence, summary);
    const Var shared = activate(context, base_.forward(context, mixed), Activation::silu);
    const Var read = attend(context, row_of(context, shared, 0), row_of(context, shared, 1),
                            value_.forward(context, mixed), input, state);
    return add(context, summary, output_.forward(context, read));
}

/// Queries (0) or keys (1).
Var GatedAttention::row_of(Context& context, const Var& shared, std::int64_t which) const {
    const auto row = [&](const ModuleParameter& of) {
        return reshape(context, slice(context, use(context, of), 0, which, which + 1), {shared_});
    };
    return add(context, multiply(context, shared, row(gain_)), row(offset_));
}

/// Goes on behind the keys and values of the chunk at hand.
Var GatedAttention::attend(Context& context, const Var& query, const Var& key, const Var& value,
                           const MixerInput& input, StateCursor* state) const {
    if (state == nullptr) {
        return in_chunks(context, {query, key, value, {}, input.lengths, input.causal});
    }
    const Tensor keys = state->take_tensor(), values = state->take_tensor();
    const auto behind = [&](const Tensor& past, const Var& rows) {
        const Var parts[] = {Var{past}, rows};
        return past.defined() && past.shape()[1] > 0 ? concatenate(context, parts, 1) : rows;
    };
    const WeightedReads all{query, behind(keys, key), behind(values, value), {}, {}, true};
    const std::int64_t steps = all.keys(), kept = chunk_ > 0 ? steps % chunk_ : steps;
    Context plain{context.stream};
    state->keep(slice(plain, {all.key.value}, 1, steps - kept, steps).value);
    state->keep(slice(plain, {all.value.value}, 1, steps - kept, steps).value);
    return in_chunks(context, all);
}

Var GatedAttention::in_chunks(Context& context, const WeightedReads& in) const {
    const std::int64_t steps = in.keys(), before = steps - in.queries();
    if (in.queries() == 0) return slice(context, in.value, 1, 0, 0);
    if (chunk_ == 0 || steps <= chunk_) return within_chunk(context, in);
    const std::int64_t batch = in.key.value.shape()[0];
    const std::int64_t chunks = (steps + chunk_ - 1) / chunk_, full = chunks * chunk_;
    const auto cut = [&](const Var& rows, std::int64_t first) {
        const std::int64_t last = full - first - rows.value.shape()[1];
        return reshape(context, pad(context, rows, 1, first, last),
                       {batch * chunks, chunk_, rows.value.shape()[2]});
    };
    const Var read = within_chunk(context, {cut(in.query, before),
                                            cut(in.key, 0),
                                            cut(in.value, 0),
                                            {},
                                            counts_of(in.counts, batch, steps, chunk_),
                                            in.causal});
    return slice(context, reshape(context, read, {batch, full, inner_}), 1, before, steps);
}

Var GatedAttention::within_chunk(Context& context, WeightedReads in) const {
    in.bias = bias_.table(context, in.keys() - in.queries(), in.keys());
    return read_weighted(context, kind_, in);
}

}  // namespace elm
