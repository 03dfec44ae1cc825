#include "baselines/backbones/encoder_decoder.h"

#include <optional>
#include <string>
#include <utility>

#include "baselines/listed_options.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/error.h"

namespace elm {
namespace {

constexpr const char* left_out = "none";

/// A place in a block where a sequence reads itself, or another one.
struct Role {
    const char* name;  // "encoder", "decoder", "cross"
    MixerPattern pattern;
};

Role encoder_role() { return {"encoder", {.is_cross = false, .causal = false}}; }
Role decoder_role(bool causal) { return {"decoder", {.is_cross = false, .causal = causal}}; }
Role cross_role(bool causal) { return {"cross", {.is_cross = true, .causal = causal}}; }

/// Null where the role is left out.
std::unique_ptr<SequenceMixer> make_of(const Role& role, const OptionSet& options,
                                       const MixerPlace& place) {
    const std::string prefix = role.name;
    const auto& name = options.get<std::string>(prefix + "_mixer");
    if (name == left_out) return nullptr;
    const MixerEntry& entry = find_mixer(name);
    OptionSet own = entry.options();
    const std::string listed = prefix + "_options";
    with_context("the options of the mixer " + name,
                 [&] { set_listed(own, options.get<std::string>(listed), listed); });
    auto mixer = entry.make(own, place);
    const MixerTraits traits = mixer->traits();
    ELM_CHECK(role.pattern.is_known(traits),
              "{}_mixer: {} cannot read {} ({}): {}. Choose another mixer, or attention.",
              role.name, name, role.pattern.words(), role.pattern.name(),
              role.pattern.reason(traits));
    return mixer;
}

/// A mixer with its norm and the way around it, where the role is not left out.
class MixerPart {
public:
    template <class Add>
    MixerPart(const Role& role, const OptionSet& options, const TransformerOptions& own,
              const MixerPlace& place, const Add& add)
        : causal_(role.pattern.causal) {
        auto mixer = make_of(role, options, place);
        if (mixer == nullptr) return;
        const std::string name = role.pattern.is_cross ? "cross" : "mixer";
        mixer_ = &add(name, std::move(mixer));
        norm_ = &add(name + "_norm", own.make_norm());
    }

    SequenceMixer* mixer() const { return mixer_; }
    bool causal() const { return causal_; }

    /// `input.sequence` is what is read, and what is added to.
    Var forward(Context& context, const TransformerOptions& options, MixerInput input,
                StateCursor* state) const {
        if (mixer_ == nullptr) return input.sequence;
        const Var whole = input.sequence;
        return add_around(context, options, *norm_, whole, [&](const Var& x) {
            input.sequence = x;
            input.around = whole;
            input.causal = causal_;
            return mixer_->mix(context, input, state);
        });
    }

private:
    bool causal_;
    SequenceMixer* mixer_ = nullptr;  // null where the role is left out
    LayerNorm* norm_ = nullptr;
};

}  // namespace

class EncoderDecoder::Block : public Module {
    struct Adder {
        Block& block;
        template <class Part>
        Part& operator()(const std::string& name, std::unique_ptr<Part> part) const {
            return block.child(name, std::move(part));
        }
    };

public:
    Block(const OptionSet& options, const TransformerOptions& own, bool reads_source,
          const MixerPlace& place)
        : own_(own),
          self_(reads_source ? decoder_role(own.causal) : encoder_role(), options, own, place,
                Adder{*this}),
          perceptron_(own, Adder{*this}) {
        if (!reads_source) return;
        cross_.emplace(cross_role(own.causal), options, own, place, Adder{*this});
    }

    const MixerPart& self() const { return self_; }
    /// Null in an encoder.
    const MixerPart* cross() const { return cross_ ? &*cross_ : nullptr; }

    /// What is read besides the target: `source.context`, where there is any.
    Var forward(Context& context, const Var& target, const Tensor& lengths,
                const MixerInput& source, StateCursor* state) const {
        Var x = self_.forward(context, own_, {.sequence = target, .lengths = lengths}, state);
        if (cross_) {
            MixerInput input = source;
            input.sequence = x;
            input.lengths = lengths;
            x = cross_->forward(context, own_, input, nullptr);
        }
        return perceptron_.forward(context, own_, x);
    }

private:
    TransformerOptions own_;
    MixerPart self_;
    std::optional<MixerPart> cross_;
    BlockPerceptron perceptron_;
};

EncoderDecoder::EncoderDecoder(const OptionSet& options, std::uint64_t seed)
    : options_(options),
      source_positions_(
          child("source_positions",
                std::make_unique<Positions>(options.get<std::string>("positions"),
                                            options.get<std::int64_t>("max_positions"), width()))),
      target_positions_(
          child("target_positions",
                std::make_unique<Positions>(options.get<std::string>("positions"),
                                            options.get<std::int64_t>("max_positions"), width()))) {
    const auto stack = [&](const std::string& name, bool reads_source) {
        std::vector<Block*> blocks;
        const auto layers = options.get<std::int64_t>(name + "_layers");
        for (std::int64_t layer = 0; layer < layers; ++layer) {
            const bool causal = reads_source && options_.causal;
            blocks.push_back(&child(
                name + "." + std::to_string(layer),
                std::make_unique<Block>(
                    options, options_, reads_source,
                    MixerPlace{.width = width(), .causal = causal, .layer = layer, .seed = seed})));
        }
        return blocks;
    };
    encoder_ = stack("encoder", false);
    decoder_ = stack("decoder", true);
    if (!options_.pre_norm) return;
    encoder_norm_ = &child("encoder_norm", options_.make_norm());
    decoder_norm_ = &child("decoder_norm", options_.make_norm());
}

EncoderDecoder::~EncoderDecoder() = default;

void EncoderDecoder::declare(OptionSet& options) {
    declare_blocks(options);
    declare_reading(options);
    for (const char* const name : {"encoder_layers", "decoder_layers"}) {
        options.declare({.name = name,
                         .value = std::int64_t{2},
                         .help = "blocks on top of each other",
                         .lowest = 1,
                         .highest = 256});
    }
    const auto declare_role = [&](const std::string& role, const char* what) {
        options.declare({.name = role + "_mixer",
                         .value = std::string("attention"),
                         .help = std::string(what) + ": a mixer, or none to leave it out"});
        options.declare({.name = role + "_options",
                         .value = std::string(),
                         .help = "of " + role + "_mixer: NAME=VALUE, NAME=VALUE"});
    };
    declare_role("encoder", "how the source reads itself");
    declare_role("decoder", "how the target reads itself");
    declare_role("cross", "how the target reads the source");
}

Var EncoderDecoder::encode(Context& context, const Var& source, const Tensor& source_lengths) {
    Var x = dropout(context, source_positions_.forward(context, source, nullptr), options_.dropout);
    for (const Block* block : encoder_) {
        x = block->forward(context, x, source_lengths, {}, nullptr);
    }
    return encoder_norm_ != nullptr ? encoder_norm_->forward(context, x) : x;
}

Var EncoderDecoder::decode(Context& context, const EncoderDecoderInput& input, const Var& memory,
                           SequenceState* state) {
    SequenceState unused;
    StateCursor cursor(state != nullptr ? *state : unused);
    StateCursor* const goes_on = state != nullptr ? &cursor : nullptr;
    Var x = dropout(context, target_positions_.forward(context, input.target, goes_on),
                    options_.dropout);
    const MixerInput source{
        .sequence = {}, .context = memory, .context_lengths = input.source_lengths};
    for (const Block* block : decoder_) {
        x = block->forward(context, x, input.target_lengths, source, goes_on);
    }
    if (state != nullptr) cursor.finish();
    return decoder_norm_ != nullptr ? decoder_norm_->forward(context, x) : x;
}

Var EncoderDecoder::forward(Context& context, const EncoderDecoderInput& input) {
    return decode(context, input, encode(context, input.source, input.source_lengths));
}

/// Maps of a cross mixer are counted for each step of the target, though its keys are those of the
/// source. A step of the target reads all
/// steps of the source, whether the target is read causally or not.
double EncoderDecoder::flops(std::int64_t source_steps, std::int64_t target_steps) {
    const auto of_stack = [&](const std::vector<Block*>& blocks, std::int64_t steps) {
        const auto of_part = [](const MixerPart* part, std::int64_t keys, bool causal) {
            return part == nullptr || part->mixer() == nullptr
                       ? 0.0
                       : part->mixer()->flops_per_step(keys, causal);
        };
        double of_step = 0;
        for (Block* block : blocks) {
            of_step += 2 * static_cast<double>(products_per_step(*block)) +
                       of_part(&block->self(), steps, block->self().causal()) +
                       of_part(block->cross(), source_steps, false);
        }
        return of_step * static_cast<double>(steps);
    };
    return of_stack(encoder_, source_steps) + of_stack(decoder_, target_steps);
}

void EncoderDecoder::require_device(const DeviceLimits& device, DType dtype) const {
    for (const auto* blocks : {&encoder_, &decoder_}) {
        for (const Block* block : *blocks) {
            for (const MixerPart* part : {&block->self(), block->cross()}) {
                if (part == nullptr || part->mixer() == nullptr) continue;
                part->mixer()->require_device(device, dtype);
            }
        }
    }
}

}  // namespace elm
