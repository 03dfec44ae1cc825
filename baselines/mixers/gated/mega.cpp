// Mega: attention of one head whose queries and keys are made of moving averages, and gates (A: the
// averages of damped_average.h, s: sigmoid, f: silu, *: element by element):
//   v = f(W_v x + b_v)        u, z, r, c = W A(x) + b, through s, f, f and nothing
//   q = g_q * z + o_q         k = g_k * z + o_k
//   h = f(c + W_h (r * attention(q, k, v)) + b_h)
//   y = u * (h - x'), so that x' + y = u * h + (1 - u) * x'   with x' what y will be added to
// Attention weights are a softmax of q k / sqrt(d) + B, or a function of q k / n + B of each by
// itself, with n the number of keys that count: `laplace` (kernels/ops/basic/activation.h) or the
// square of what is above 0. B follows from the distance: numbers of their own, or `rotary`, the
// product of two vectors turned by their positions. With `chunk`, attention is within pieces of so
// many steps, and so is what goes on from chunk to chunk; without, memory of a step grows.
// Source: Ma et al. 2022, arXiv 2209.10655, sections 3.2 to 3.4; first values as in the authors'
// code but for the matrices, which begin as those of other layers do.

#include <algorithm>

#include <fmt/format.h>

#include "baselines/mixers/attention/distance_bias.h"
#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/padding.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/error.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// Queries that are the last steps of the keys' sequence, for each sample or chunk.
struct AttentionInput {
    Var query, key, value;
    Tensor counts;  // of keys, as lengths; undefined: all
    bool causal;

    std::int64_t queries() const { return query.value.shape()[1]; }
    std::int64_t keys() const { return key.value.shape()[1]; }
};

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

class MegaMixer : public SequenceMixer {
public:
    MegaMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          kind_(options.get<std::string>("attention")),
          shared_(options.get<std::int64_t>("shared_width")),
          inner_(inner_of(options, place.width)),
          chunk_(options.get<std::int64_t>("chunk")),
          average_(child("move", std::make_unique<DampedAverage>(options, width(), place.causal))),
          value_(child("value", std::make_unique<Linear>(width(), inner_))),
          base_(child("base", std::make_unique<Linear>(width(), 2 * width() + shared_ + inner_))),
          gain_(parameter("gain", {2, shared_}, initialise::normal(0, 0.02))),
          offset_(offset("offset", {2, shared_}, initialise::constant(0))),
          output_(child("output", std::make_unique<Linear>(inner_, width()))),
          bias_(child("bias", std::make_unique<DistanceBias>(options, shared_, chunk_))) {}

    MixerTraits traits() const override {
        return {.streams = average_.streams(), .state_tensors = 4};
    }

    /// One head reads all values, which are wider than the model.
    void require_device(const DeviceLimits& device, DType) const override {
        if (kind_ != "softmax" || device.kind == DeviceKind::cpu) return;
        if (std::max(shared_, inner_) <= attention_device_features) return;
        throw Error(
            ErrorKind::unsupported,
            fmt::format("mega: attention of {} features by softmax, on CUDA at most {}. Use "
                        "a smaller width, or another attention.",
                        std::max(shared_, inner_), attention_device_features));
    }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        const auto reach = static_cast<double>(chunk_ > 0 ? std::min(chunk_, steps) : steps);
        return 2 * static_cast<double>(shared_ + inner_) * (causal ? (reach + 1) / 2 : reach) +
               64 * static_cast<double>(width()) * (causal ? 1 : 2);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var value =
            activate(context, value_.forward(context, input.sequence), Activation::silu);
        const Var base = base_.forward(context, average_.forward(context, input, state));
        const auto part = [&](std::int64_t begin, std::int64_t count, Activation function) {
            return activate(context, slice(context, base, -1, begin, begin + count), function);
        };
        const Var update = part(0, width(), Activation::sigmoid);
        const Var shared = part(width(), shared_, Activation::silu);
        const Var reset = part(width() + shared_, inner_, Activation::silu);
        const std::int64_t rest = width() + shared_ + inner_;
        const Var read = attend(context, row_of(context, shared, 0), row_of(context, shared, 1),
                                value, input, state);
        const Var candidate =
            activate(context,
                     add(context, slice(context, base, -1, rest, rest + width()),
                         output_.forward(context, multiply(context, reset, read))),
                     Activation::silu);
        const Var& around = input.around.value.defined() ? input.around : input.sequence;
        return multiply(context, update, subtract(context, candidate, around));
    }

private:
    static std::int64_t inner_of(const OptionSet& options, std::int64_t width) {
        const auto chosen = options.get<std::int64_t>("value_width");
        return chosen > 0 ? chosen : 2 * width;
    }

    /// Queries (0) or keys (1).
    Var row_of(Context& context, const Var& shared, std::int64_t which) const {
        const auto row = [&](const ModuleParameter& of) {
            return reshape(context, slice(context, use(context, of), 0, which, which + 1),
                           {shared_});
        };
        return add(context, multiply(context, shared, row(gain_)), row(offset_));
    }

    /// Goes on behind the keys and values of the chunk at hand.
    Var attend(Context& context, const Var& query, const Var& key, const Var& value,
               const MixerInput& input, StateCursor* state) {
        if (state == nullptr) {
            return in_chunks(context, {query, key, value, input.lengths, input.causal});
        }
        const Tensor keys = state->take_tensor(), values = state->take_tensor();
        const auto behind = [&](const Tensor& past, const Var& rows) {
            const Var parts[] = {Var{past}, rows};
            return past.defined() && past.shape()[1] > 0 ? concatenate(context, parts, 1) : rows;
        };
        const AttentionInput all{query, behind(keys, key), behind(values, value), {}, true};
        const std::int64_t steps = all.keys(), kept = chunk_ > 0 ? steps % chunk_ : steps;
        Context plain{context.stream};
        state->keep(slice(plain, {all.key.value}, 1, steps - kept, steps).value);
        state->keep(slice(plain, {all.value.value}, 1, steps - kept, steps).value);
        return in_chunks(context, all);
    }

    Var in_chunks(Context& context, const AttentionInput& in) {
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
        const Var read =
            within_chunk(context, {cut(in.query, before), cut(in.key, 0), cut(in.value, 0),
                                   counts_of(in.counts, batch, steps, chunk_), in.causal});
        return slice(context, reshape(context, read, {batch, full, inner_}), 1, before, steps);
    }

    Var within_chunk(Context& context, const AttentionInput& in) {
        const Var bias = bias_.table(context, in.keys() - in.queries(), in.keys());
        if (kind_ == "softmax") {
            return attention(context, in.query, in.key, in.value,
                             reshape(context, bias, {1, in.queries(), in.keys()}),
                             {.heads = 1, .causal = in.causal, .lengths = in.counts});
        }
        const Var scaled = multiply(context, in.query, {inverse_counts(context, in)});
        const Var scores =
            add(context, matmul(context, scaled, transpose(context, in.key, 1, 2)), bias);
        Var weights =
            activate(context, scores, kind_ == "laplace" ? Activation::laplace : Activation::relu);
        if (kind_ != "laplace") weights = multiply(context, weights, weights);
        if (in.causal) {
            const std::int64_t keys = in.keys(), before = keys - in.queries();
            weights = multiply(context, weights,
                               {tabulate(context.stream, {in.queries(), keys}, in.key.value.dtype(),
                                         [=](std::int64_t at) {
                                             return at % keys <= at / keys + before ? 1.0 : 0.0;
                                         })});
        }
        return matmul(context, weights, without_padding(context, in.value, in.counts));
    }

    /// 1 / the number of keys that count for each query, in the shape of the queries.
    Tensor inverse_counts(Context& context, const AttentionInput& in) const {
        const Shape& shape = in.query.value.shape();
        const std::int64_t before = in.keys() - in.queries(), keys = in.keys();
        return tabulate(context.stream, shape, in.query.value.dtype(), [&](std::int64_t at) {
            const std::int64_t row = at / shape[2], sample = row / shape[1];
            std::int64_t count = keys;
            if (in.causal) {
                count = before + row % shape[1] + 1;
            } else if (in.counts.defined()) {
                count = in.counts.host<std::int32_t>()[static_cast<std::size_t>(sample)];
            }
            return 1 / static_cast<double>(std::max<std::int64_t>(count, 1));
        });
    }

    std::string kind_;
    std::int64_t shared_, inner_, chunk_;
    DampedAverage& average_;
    Linear& value_;
    Linear& base_;
    ModuleParameter& gain_;    // of queries, then of keys
    ModuleParameter& offset_;  // the same
    Linear& output_;
    DistanceBias& bias_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "attention",
                     .value = std::string("softmax"),
                     .help = "what makes weights of scores",
                     .choices = {"softmax", "laplace", "relu2"}});
    const auto whole = [&](const char* name, std::int64_t value, const char* help, double lowest,
                           double highest) {
        options.declare(
            {.name = name, .value = value, .help = help, .lowest = lowest, .highest = highest});
    };
    whole("shared_width", 32, "features of queries and keys", 1, 4096);
    whole("value_width", 0, "features of values; 0: twice the width", 0, 65536);
    whole("chunk", 0, "steps that attend to each other; 0: all", 0, 1 << 24);
    DistanceBias::declare(options);
    DampedAverage::declare(options);
    return options;
}

}  // namespace

MixerEntry mega_mixer() {
    return {.name = "mega",
            .summary = "moving averages and gated attention (Mega)",
            .source = "Ma et al. 2022, arXiv 2209.10655",
            .options = options,
            .make = make_mixer_of<MegaMixer>};
}

}  // namespace elm
