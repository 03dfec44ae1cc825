// Transformer: blocks of a mixer and a perceptron, each with a norm and a way around it.
//   x = E u + p                         (p: positions, see positions.h)
//   pre-norm:   x += D(mix(N(x)))       x += D(W2 D(f(W1 N(x) + b1)) + b2)
//   post-norm:  x = N(x + D(mix(x)))    x = N(x + D(W2 D(f(W1 x + b1)) + b2))
//   y = R(N(x)), in post-norm R(x)      (N: layer norm, D: dropout)
// With `channel_mixing` rwkv4 that of RWKV-4 stands in the place of the perceptron
// (mixers/gated/rwkv4_channels.h), with mlp_width hidden units.
// Sources: Vaswani et al. 2017, arXiv 1706.03762 (post-norm); Xiong et al. 2020, arXiv 2002.04745
// (pre-norm); with `input` none, `readout_hidden` and no biases in the mixer the encoder of Tay et
// al. 2021, arXiv 2011.04006. Where we differ: weights and biases begin uniform in ±1/sqrt(inputs),
// and attention weights have no dropout.

#include <optional>
#include <string>
#include <vector>

#include "baselines/backbones/backbone_registry.h"
#include "baselines/backbones/block_stack.h"
#include "baselines/backbones/positions.h"
#include "baselines/backbones/transformer_parts.h"
#include "baselines/mixers/gated/rwkv4_channels.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/training/dropout.h"

namespace elm {
namespace {

struct BlockOptions : TransformerOptions {
    explicit BlockOptions(const OptionSet& options)
        : TransformerOptions(options),
          layers(options.get<std::int64_t>("layers")),
          has_perceptron(options.get<std::string>("channel_mixing") == "perceptron") {}

    std::int64_t layers;
    bool has_perceptron;
};

class Block : public Module {
public:
    Block(const BlockOptions& options, std::int64_t layer, std::unique_ptr<SequenceMixer> mixer)
        : options_(options),
          mixer_(child("mixer", std::move(mixer))),
          mixer_norm_(child("mixer_norm", options.make_norm())) {
        if (options.has_perceptron) {
            perceptron_.emplace(
                options, [this](const char* name, auto module) -> auto& {
                    return child(name, std::move(module));
                });
            return;
        }
        const double before = static_cast<double>(layer) / static_cast<double>(options.layers);
        channels_ = &child("channels", std::make_unique<Rwkv4Channels>(
                                           options.width, options.mlp_width, 1 - before));
        channel_norm_ = &child("mlp_norm", options.make_norm());
    }

    const SequenceMixer& mixer() const { return mixer_; }

    Var forward(Context& context, const Var& input, const Tensor& lengths, StateCursor* state) {
        const Var mixed = add_around(context, options_, mixer_norm_, input, [&](const Var& x) {
            return mixer_.mix(
                context,
                {.sequence = x, .lengths = lengths, .causal = options_.causal, .around = input},
                state);
        });
        if (perceptron_) return perceptron_->forward(context, options_, mixed);
        return add_around(context, options_, *channel_norm_, mixed,
                          [&](const Var& x) { return channels_->forward(context, x, state); });
    }

private:
    BlockOptions options_;
    SequenceMixer& mixer_;
    LayerNorm& mixer_norm_;
    std::optional<BlockPerceptron> perceptron_;
    // Without a perceptron; else null.
    Rwkv4Channels* channels_ = nullptr;
    LayerNorm* channel_norm_ = nullptr;
};

class TransformerModel : public BlockStack<Block, BlockOptions> {
public:
    TransformerModel(const OptionSet& options, const SequenceShape& shape,
                     const MakeMixer& make_mixer, std::uint64_t seed)
        : BlockStack(options, shape),
          positions_(child("positions",
                           std::make_unique<Positions>(options.get<std::string>("positions"),
                                                       options.get<std::int64_t>("max_positions"),
                                                       block_options().width))) {
        stack(options, make_mixer, seed, "transformer");
        const BlockOptions& own = block_options();
        if (own.pre_norm) {
            norm_ = &child("norm", own.make_norm());
        }
        std::vector<std::int64_t> sizes{own.width};
        const auto hidden = options.get<std::int64_t>("readout_hidden");
        if (hidden > 0) sizes.push_back(hidden);
        sizes.push_back(shape.n_output);
        readout_ = &child("readout", std::make_unique<Mlp>(sizes, Activation::relu));
    }

protected:
    std::size_t own_state_tensors() const override {
        const BlockOptions& own = block_options();
        const auto blocks = static_cast<std::size_t>(own.has_perceptron ? 0 : own.layers);
        return positions_.state_tensors() + blocks * Rwkv4Channels::state_tensors;
    }
    Var answer(Context& context, const SequenceInput& input, const Var& features,
               StateCursor* state) override {
        Var values = through_blocks(
            context,
            dropout(context, positions_.forward(context, features, state), block_options().dropout),
            input.lengths, state);
        if (norm_ != nullptr) values = norm_->forward(context, values);
        return readout_->forward(context, values);
    }

private:
    Positions& positions_;
    LayerNorm* norm_ = nullptr;  // null in post-norm
    Mlp* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "layers",
                     .value = std::int64_t{2},
                     .help = "blocks on top of each other",
                     .lowest = 1,
                     .highest = 256});
    declare_blocks(options);
    options.declare({.name = "channel_mixing",
                     .value = std::string("perceptron"),
                     .help = "what mixes the features of a step: a perceptron, or what RWKV-4 has",
                     .choices = {"perceptron", "rwkv4"}});
    declare_reading(options);
    ModelInput::declare(options);
    options.declare({.name = "readout_hidden",
                     .value = std::int64_t{0},
                     .help = "hidden units of the readout; 0: it is linear",
                     .lowest = 0,
                     .highest = 262144});
    return options;
}

}  // namespace

BackboneEntry transformer_backbone() {
    return {.name = "transformer",
            .summary = "transformer",
            .source = "Vaswani et al. 2017, arXiv 1706.03762",
            .options = options,
            .make = make_backbone_of<TransformerModel>};
}

}  // namespace elm
