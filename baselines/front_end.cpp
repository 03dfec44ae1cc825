#include "baselines/front_end.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "baselines/convolution/causal_layers.h"
#include "baselines/encoder_front_end.h"
#include "baselines/wrapped_model.h"
#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

constexpr const char* none = "none";
constexpr const char* embedding_kind = "embedding";

/// Rows of "weight" (tokens, width), normal as those of torch.nn.Embedding.
class Embedding : public Module {
public:
    Embedding(std::int64_t tokens, std::int64_t width)
        : weight_(table("weight", {tokens, width}, initialise::normal(0, 1))) {}

    /// (batch, time, width)
    Var forward(Context& context, const SpikeTrain& spikes) const {
        const Shape& shape = weight_.shape;
        return spike_convolution(context, {spikes},
                                 reshape(context, use(context, weight_), {shape[0], 1, shape[1]}));
    }

private:
    ModuleParameter& weight_;
};

class FrontEnd : public WrappedModel {
public:
    FrontEnd(const OptionSet& options, std::int64_t n_input, std::unique_ptr<SequenceModel> model)
        : WrappedModel({n_input, model->shape().n_output}, std::move(model)) {
        const auto width = options.get<std::int64_t>("width");
        if (options.get<std::string>("kind") == embedding_kind) {
            embedding_ = &child("front_end", std::make_unique<Embedding>(n_input, width));
        } else {
            linear_ = &child("front_end", std::make_unique<InputLayer>(n_input, width));
        }
        if (options.get<bool>("class_token")) {
            class_token_ = &table("class_token", {1, width}, initialise::normal(0, 1));
        }
    }

    ModelTraits traits() const override {
        ModelTraits traits = WrappedModel::traits();
        traits.inputs = {.spikes = true, .dense = embedding_ == nullptr};
        if (class_token_ != nullptr) traits.streams = false;
        return traits;
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        return inner_.forward(context, behind(context, input), &state);
    }
    Var run_once(Context& context, const SequenceInput& input) override {
        SequenceInput sequence = behind(context, input);
        if (class_token_ == nullptr) return inner_.forward(context, sequence);
        end_with_token(context, sequence);
        const std::int64_t steps = input.steps();
        return slice(context, inner_.forward(context, sequence), 1, 1, steps + 1);
    }

private:
    /// What the inner model gets of the same steps.
    SequenceInput behind(Context& context, const SequenceInput& input) const {
        SequenceInput sequence{.lengths = input.lengths, .first_sample = input.first_sample};
        if (embedding_ != nullptr) {
            sequence.dense = embedding_->forward(context, *input.spikes);
        } else {
            SequenceState unused;
            StateCursor cursor(unused);
            sequence.dense = linear_->forward(context, input, cursor);
        }
        return sequence;
    }

    /// Puts the token behind the last step of each sample, and in what is left of a step more.
    void end_with_token(Context& context, SequenceInput& sequence) const {
        const Shape shape = sequence.dense.value.shape();
        const std::int64_t batch = shape[0], steps = shape[1], width = shape[2];
        Stream host{Device{}};
        std::vector<std::int32_t> lengths(static_cast<std::size_t>(batch),
                                          static_cast<std::int32_t>(steps));
        if (sequence.lengths.defined()) {
            std::ranges::copy(sequence.lengths.host<std::int32_t>(), lengths.begin());
        }
        const auto token = static_cast<std::int32_t>(batch * steps);  // its row
        std::vector<std::int32_t> rows;
        rows.reserve(static_cast<std::size_t>(batch * (steps + 1)));
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            std::int32_t& length = lengths[static_cast<std::size_t>(sample)];
            for (std::int32_t step = 0; step <= steps; ++step) {
                const auto first = static_cast<std::int32_t>(sample * steps);
                rows.push_back(step < length ? first + step : token);
            }
            ++length;
        }
        const std::array parts{reshape(context, sequence.dense, {batch * steps, width}),
                               use(context, *class_token_)};
        sequence.dense =
            embedding(context, concatenate(context, parts, 0),
                      Tensor::from<std::int32_t>(context.stream, {batch, steps + 1}, rows));
        sequence.lengths = Tensor::from<std::int32_t>(host, {batch}, lengths);
    }

    Embedding* embedding_ = nullptr;  // one of the two
    InputLayer* linear_ = nullptr;
    ModuleParameter* class_token_ = nullptr;  // null without one
};

}  // namespace

OptionSet front_end_options() {
    OptionSet options;
    options.declare({.name = "kind",
                     .value = std::string(none),
                     .help = "what stands before a model: nothing, rows of a table by token, a "
                             "linear layer, or an encoder",
                     .choices = {none, embedding_kind, "linear", encoder_kind}});
    options.declare({.name = "width",
                     .value = std::int64_t{64},
                     .help = "what the model gets in a step",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "class_token",
                     .value = false,
                     .help = "a last token that is learnt; pooling cls asks for it"});
    options.declare({.name = input_dropout_option,
                     .value = 0.0,
                     .help = "share of the model's input channels that is dropped in training",
                     .lowest = 0,
                     .highest = 0.99});
    declare_encoder(options);
    return options;
}

namespace {

bool has_encoder(const OptionSet& options) {
    return options.get<std::string>("kind") == encoder_kind;
}

}  // namespace

bool has_front_end(const OptionSet& options) { return options.get<std::string>("kind") != none; }

Values written_front_end(const OptionSet& options) {
    Values written = to_values(options);
    std::erase_if(written, [&](const auto& option) {
        return has_encoder(options) ? option.first == "width" : is_encoder_option(option.first);
    });
    if (has_front_end(options)) return written;
    // What stands before no layer; a class token does not, which is for with_front_end to say.
    std::erase_if(written, [](const auto& option) {
        return option.first == "kind" || option.first == "width" || option.second == Value(false) ||
               option.second == Value(0.0);
    });
    return written;
}

std::int64_t width_behind(const OptionSet& options, std::int64_t n_input) {
    if (has_encoder(options)) return encoded_width(options, n_input);
    return has_front_end(options) ? options.get<std::int64_t>("width") : n_input;
}

std::unique_ptr<SequenceModel> with_front_end(const OptionSet& options, std::int64_t n_input,
                                              std::unique_ptr<SequenceModel> model) {
    model->drop_inputs(options.get<double>(input_dropout_option));
    if (has_front_end(options) && !has_encoder(options)) {
        return std::make_unique<FrontEnd>(options, n_input, std::move(model));
    }
    ELM_CHECK(!options.get<bool>("class_token"),
              "a class token needs a front end that learns it. Set front_end.kind to embedding or "
              "linear.");
    if (has_encoder(options)) return with_encoder(options, n_input, std::move(model));
    return model;
}

}  // namespace elm
