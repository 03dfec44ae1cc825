// An encoder-decoder (backbones/encoder_decoder.h) as a model of sequences that hold both: the
// first `source_steps` steps are the source, those after them the target.
//   x = E u      y[t] = R decode(x[source_steps ..], encode(x[.. source_steps]))[t - source_steps]
// with linear maps E and R. Answers at steps of the source are 0, whatever they are. Where the
// target is read causally, so are they: a step does not depend on later ones.

#include "baselines/backbones/encoder_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "baselines/backbones/model_input.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class EncoderDecoderModel : public SequenceModel {
public:
    EncoderDecoderModel(const OptionSet& options, const SequenceShape& shape, std::uint64_t seed)
        : SequenceModel(shape), source_steps_(options.get<std::int64_t>("source_steps")) {
        const auto width = options.get<std::int64_t>("width");
        input_.emplace(options, shape, width, "encoder-decoder",
                       [this](std::unique_ptr<InputLayer> layer) -> InputLayer& {
                           return child("input", std::move(layer));
                       });
        stacks_ = &child("stacks", std::make_unique<EncoderDecoder>(options, seed));
        readout_ = &child("readout", std::make_unique<Linear>(width, shape.n_output));
    }

    ModelTraits traits() const override { return {.causal = stacks_->causal(), .streams = false}; }
    void require_device(const DeviceLimits& device, DType dtype) const override {
        stacks_->require_device(device, dtype);
    }
    /// The mean over the steps of both.
    double flops_per_step(std::int64_t steps) override {
        const std::int64_t source = std::min(source_steps_, steps);
        const double around =
            2 * static_cast<double>(products_per_step(*this) - products_per_step(*stacks_));
        return around + stacks_->flops(source, steps - source) / static_cast<double>(steps);
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        return run_once(context, input);
    }
    Var run_once(Context& context, const SequenceInput& input) override {
        SequenceState unused;
        StateCursor cursor(unused);
        const DType dtype = readout_->parameters().front().parameter->value.dtype();
        const Var features = input_->features(context, input, cursor, dtype);
        const std::int64_t steps = input.steps(), source = std::min(source_steps_, steps);
        ELM_CHECK(context.tape == nullptr || source < steps,
                  "encoder_decoder: source_steps is {} and a sequence has {} steps, so nothing is "
                  "left to learn from. Set encoder_decoder.source_steps below {}.",
                  source_steps_, steps, steps);
        const Tensor silence =
            Tensor::zeros(context.stream, {input.batch(), source, shape().n_output}, dtype);
        if (source == steps) return {silence};
        const auto counted = [&](std::int64_t begin, std::int64_t end) {
            return lengths_within(input.lengths, begin, end);
        };
        const Var states =
            stacks_->forward(context, {.source = slice(context, features, 1, 0, source),
                                       .target = slice(context, features, 1, source, steps),
                                       .source_lengths = counted(0, source),
                                       .target_lengths = counted(source, steps)});
        const Var parts[] = {Var{silence}, readout_->forward(context, states)};
        return concatenate(context, parts, 1);
    }

private:
    /// How many of the steps from `begin` to `end` count in each sample.
    static Tensor lengths_within(const Tensor& lengths, std::int64_t begin, std::int64_t end) {
        if (!lengths.defined()) return {};
        std::vector<std::int32_t> counts;
        for (const std::int32_t length : lengths.host<std::int32_t>()) {
            counts.push_back(
                static_cast<std::int32_t>(std::clamp<std::int64_t>(length, begin, end) - begin));
        }
        Stream host{Device{}};
        return Tensor::from<std::int32_t>(host, lengths.shape(), counts);
    }

    std::int64_t source_steps_;
    std::optional<ModelInput> input_;
    EncoderDecoder* stacks_ = nullptr;
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "source_steps",
                     .value = std::int64_t{64},
                     .help = "steps at the beginning of a sequence that are the source",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    EncoderDecoder::declare(options);
    ModelInput::declare(options);
    return options;
}

}  // namespace

ModelEntry encoder_decoder_entry() {
    return {.name = "encoder_decoder",
            .summary = "two stacks of blocks, of which one reads the other, with any mixers",
            .source = "Vaswani et al. 2017, arXiv 1706.03762",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t seed) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<EncoderDecoderModel>(chosen, shape, seed);
            }};
}

}  // namespace elm
