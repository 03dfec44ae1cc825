// State-space backbone: blocks of one mixer, each with a norm and a way around it.
//   x = E u
//   pre-norm:   x += D(mix(N(x)))       post-norm:  x = N(x + D(mix(x)))
//   y = R(N(x)) with `final_norm`, else R(x)       (N: norm, D: dropout, E, R: linear)
// The mixers bring their activation and gate along. Norms are batch norms over all steps of a
// batch, layer norms, or root mean square norms. Sources: Gu et al. 2022, arXiv 2111.00396, section
// 4 and appendix D (S4); Smith et al. 2023, arXiv 2208.04933 (S5); with root mean square norms Gu &
// Dao 2023, arXiv 2312.00752 (Mamba).

#include <string>
#include <vector>

#include "baselines/backbones/backbone_registry.h"
#include "baselines/backbones/block_stack.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/training/dropout.h"

namespace elm {
namespace {

constexpr double momentum = 0.1;  // of batch norm's running statistics

/// Root mean square norm: "weight" (features), 1 at first.
class RmsNorm : public Module {
public:
    RmsNorm(std::int64_t features, double epsilon)
        : epsilon_(epsilon), weight_(offset("weight", {features}, initialise::constant(1))) {}
    Var forward(Context& context, const Var& input) const {
        return rms_norm(context, input, use(context, weight_), epsilon_);
    }

private:
    double epsilon_;
    ModuleParameter& weight_;
};

/// What all blocks of a model share.
struct BlockOptions {
    explicit BlockOptions(const OptionSet& options)
        : width(options.get<std::int64_t>("width")),
          norm(options.get<std::string>("norm_kind")),
          pre_norm(options.get<std::string>("norm") == "pre"),
          causal(options.get<bool>("causal")),
          dropout(options.get<double>("dropout")),
          epsilon(options.get<double>("norm_epsilon")) {}

    std::int64_t width;
    std::string norm;
    bool pre_norm, causal;
    double dropout, epsilon;
};

/// One of the norms as child "norm" of a module.
class AnyNorm : public Module {
public:
    explicit AnyNorm(const BlockOptions& options) {
        const std::int64_t width = options.width;
        if (options.norm == "batch") {
            batch_ = &child("batch", std::make_unique<BatchNorm>(width, momentum, options.epsilon));
        } else if (options.norm == "layer") {
            layer_ = &child("layer", std::make_unique<LayerNorm>(width, options.epsilon));
        } else {
            rms_ = &child("rms", std::make_unique<RmsNorm>(width, options.epsilon));
        }
    }
    Var forward(Context& context, const Var& input) const {
        if (batch_ != nullptr) return batch_->forward(context, input);
        return layer_ != nullptr ? layer_->forward(context, input) : rms_->forward(context, input);
    }

private:
    BatchNorm* batch_ = nullptr;  // one of the three
    LayerNorm* layer_ = nullptr;
    RmsNorm* rms_ = nullptr;
};

class Block : public Module {
public:
    Block(const BlockOptions& options, std::int64_t /*layer*/, std::unique_ptr<SequenceMixer> mixer)
        : options_(options),
          mixer_(child("mixer", std::move(mixer))),
          norm_(child("norm", std::make_unique<AnyNorm>(options))) {}

    const SequenceMixer& mixer() const { return mixer_; }

    Var forward(Context& context, const Var& input, const Tensor& lengths, StateCursor* state) {
        const Var read = options_.pre_norm ? norm_.forward(context, input) : input;
        const Var mixed = mixer_.mix(
            context,
            {.sequence = read, .lengths = lengths, .causal = options_.causal, .around = input},
            state);
        const Var sum = add(context, input, dropout(context, mixed, options_.dropout));
        return options_.pre_norm ? sum : norm_.forward(context, sum);
    }

private:
    BlockOptions options_;
    SequenceMixer& mixer_;
    AnyNorm& norm_;
};

class StateSpaceModel : public BlockStack<Block, BlockOptions> {
public:
    StateSpaceModel(const OptionSet& options, const SequenceShape& shape,
                    const MakeMixer& make_mixer, std::uint64_t seed)
        : BlockStack(options, shape) {
        stack(options, make_mixer, seed, "state-space model");
        if (options.get<bool>("final_norm")) {
            norm_ = &child("norm", std::make_unique<AnyNorm>(block_options()));
        }
        readout_ =
            &child("readout", std::make_unique<Linear>(block_options().width, shape.n_output));
    }

protected:
    Var answer(Context& context, const SequenceInput& input, const Var& features,
               StateCursor* state) override {
        Var values = through_blocks(context, features, input.lengths, state);
        if (norm_ != nullptr) values = norm_->forward(context, values);
        return readout_->forward(context, values);
    }

private:
    AnyNorm* norm_ = nullptr;  // null without one
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    const auto choice = [&](const char* name, const char* value, const char* help,
                            std::vector<std::string> choices) {
        options.declare({.name = name,
                         .value = std::string(value),
                         .help = help,
                         .choices = std::move(choices)});
    };
    options.declare(whole_option("layers", 2, "blocks on top of each other", 1, 256));
    options.declare(whole_option("width", 64, "features of each step", 1, 65536));
    choice("norm", "pre", "whether norms stand before or behind what they are for",
           {"pre", "post"});
    choice("norm_kind", "layer", "what norms are over", {"batch", "layer", "rms"});
    options.declare({.name = "norm_epsilon",
                     .value = 1e-5,
                     .help = "added to the variance in norms",
                     .lowest = 0,
                     .highest = 1});
    options.declare({.name = "final_norm", .value = true, .help = "a norm before the readout"});
    options.declare({.name = "dropout",
                     .value = 0.0,
                     .help = "share of the values that is dropped in training",
                     .lowest = 0,
                     .highest = 0.99});
    options.declare({.name = "causal",
                     .value = true,
                     .help = "a step sees those up to itself, in place of all of them"});
    ModelInput::declare(options);
    return options;
}

}  // namespace

BackboneEntry state_space_backbone() {
    return {.name = "state_space",
            .summary = "state-space model",
            .source = "Gu et al. 2022, arXiv 2111.00396",
            .options = options,
            .make = make_backbone_of<StateSpaceModel>};
}

}  // namespace elm
