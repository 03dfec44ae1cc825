// Transformer: blocks of a mixer and a perceptron, each with a norm and a way around it.
//   x = E u + p                         (p: positions, see positions.h)
//   pre-norm:   x += D(mix(N(x)))       x += D(W2 D(f(W1 N(x) + b1)) + b2)
//   post-norm:  x = N(x + D(mix(x)))    x = N(x + D(W2 D(f(W1 x + b1)) + b2))
//   y = R(N(x)), in post-norm R(x)      (N: layer norm, D: dropout)
// Sources: Vaswani et al. 2017, arXiv 1706.03762 (post-norm); Xiong et al. 2020, arXiv 2002.04745
// (pre-norm); with `input` none, `readout_hidden` and no biases in the mixer the encoder of Tay et
// al. 2021, arXiv 2011.04006. Where we differ: weights and biases begin uniform in ±1/sqrt(inputs),
// and attention weights have no dropout.

#include <string>
#include <vector>

#include "baselines/backbones/backbone_registry.h"
#include "baselines/backbones/block_stack.h"
#include "baselines/backbones/positions.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/training/dropout.h"

namespace elm {
namespace {

Activation activation_of(const std::string& name) {
    if (name == "relu") return Activation::relu;
    return name == "gelu" ? Activation::gelu : Activation::gelu_tanh;
}

/// What all blocks of a model share.
struct BlockOptions {
    explicit BlockOptions(const OptionSet& options)
        : width(options.get<std::int64_t>("width")),
          mlp_width(options.get<std::int64_t>("mlp_width")),
          activation(activation_of(options.get<std::string>("activation"))),
          pre_norm(options.get<std::string>("norm") == "pre"),
          causal(options.get<bool>("causal")),
          dropout(options.get<double>("dropout")),
          epsilon(options.get<double>("norm_epsilon")) {}

    std::int64_t width, mlp_width;
    Activation activation;
    bool pre_norm, causal;
    double dropout, epsilon;
};

class Block : public Module {
public:
    Block(const BlockOptions& options, std::unique_ptr<SequenceMixer> mixer)
        : options_(options),
          mixer_(child("mixer", std::move(mixer))),
          mixer_norm_(
              child("mixer_norm", std::make_unique<LayerNorm>(options.width, options.epsilon))),
          widen_(child("widen", std::make_unique<Linear>(options.width, options.mlp_width))),
          narrow_(child("narrow", std::make_unique<Linear>(options.mlp_width, options.width))),
          mlp_norm_(
              child("mlp_norm", std::make_unique<LayerNorm>(options.width, options.epsilon))) {}

    const SequenceMixer& mixer() const { return mixer_; }

    Var forward(Context& context, const Var& input, const Tensor& lengths, StateCursor* state) {
        const auto mix = [&](const Var& x) {
            return mixer_.mix(
                context,
                {.sequence = x, .lengths = lengths, .causal = options_.causal, .around = input},
                state);
        };
        const auto perceptron = [&](const Var& x) {
            const Var hidden = activate(context, widen_.forward(context, x), options_.activation);
            return narrow_.forward(context, dropout(context, hidden, options_.dropout));
        };
        return around(context, around(context, input, mixer_norm_, mix), mlp_norm_, perceptron);
    }

private:
    template <class Part>
    Var around(Context& context, const Var& input, const LayerNorm& norm, const Part& part) const {
        const Var result = part(options_.pre_norm ? norm.forward(context, input) : input);
        const Var sum = add(context, input, dropout(context, result, options_.dropout));
        return options_.pre_norm ? sum : norm.forward(context, sum);
    }

    BlockOptions options_;
    SequenceMixer& mixer_;
    LayerNorm& mixer_norm_;
    Linear& widen_;
    Linear& narrow_;
    LayerNorm& mlp_norm_;
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
            norm_ = &child("norm", std::make_unique<LayerNorm>(own.width, own.epsilon));
        }
        std::vector<std::int64_t> sizes{own.width};
        const auto hidden = options.get<std::int64_t>("readout_hidden");
        if (hidden > 0) sizes.push_back(hidden);
        sizes.push_back(shape.n_output);
        readout_ = &child("readout", std::make_unique<Mlp>(sizes, Activation::relu));
    }

protected:
    std::size_t own_state_tensors() const override { return positions_.state_tensors(); }
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
    const auto whole = [&](const char* name, std::int64_t value, const char* help, double lowest,
                           double highest) {
        options.declare(
            {.name = name, .value = value, .help = help, .lowest = lowest, .highest = highest});
    };
    const auto choice = [&](const char* name, const char* value, const char* help,
                            std::vector<std::string> choices) {
        options.declare({.name = name,
                         .value = std::string(value),
                         .help = help,
                         .choices = std::move(choices)});
    };
    whole("layers", 2, "blocks on top of each other", 1, 256);
    whole("width", 64, "features of each step", 1, 65536);
    whole("mlp_width", 128, "hidden units of each block's perceptron", 1, 262144);
    choice("norm", "pre", "whether norms stand before or behind what they are for",
           {"pre", "post"});
    choice("activation", "gelu", "of the perceptrons", {"gelu", "gelu_tanh", "relu"});
    options.declare({.name = "dropout",
                     .value = 0.0,
                     .help = "share of the values that is dropped in training",
                     .lowest = 0,
                     .highest = 0.99});
    options.declare({.name = "norm_epsilon",
                     .value = 1e-5,
                     .help = "added to the variance in norms",
                     .lowest = 0,
                     .highest = 1});
    choice("positions", "sinusoidal", "what tells the position of a step",
           {"none", "sinusoidal", "learned"});
    whole("max_positions", 4096, "longest sequence, where positions are learned", 1, 1 << 24);
    options.declare({.name = "causal",
                     .value = true,
                     .help = "a step sees those up to itself, in place of all of them"});
    ModelInput::declare(options);
    whole("readout_hidden", 0, "hidden units of the readout; 0: it is linear", 0, 262144);
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
