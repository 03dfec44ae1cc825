#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baselines/backbones/backbone_registry.h"
#include "baselines/backbones/model_input.h"
#include "baselines/mixers/sequence_mixer.h"
#include "kernels/modules/sequence_model.h"

namespace elm {

/// What backbones share: an input layer, blocks with a mixer each, and what a mixer says of itself.
/// A Block has mixer(), forward() and is made of Options, which have `width` and `causal`, its
/// place among the blocks, and a mixer.
template <class Block, class Options>
class BlockStack : public SequenceModel {
public:
    BlockStack(const OptionSet& options, const SequenceShape& shape)
        : SequenceModel(shape), options_(options) {}

    ModelTraits traits() const override {
        return {.causal = options_.causal, .streams = options_.causal && mixer_traits().streams};
    }
    void require_device(const DeviceLimits& device, DType dtype) const override {
        for (const Block* block : blocks_) block->mixer().require_device(device, dtype);
    }
    double flops_per_step(std::int64_t steps) override {
        double mixing = 0;
        for (const Block* block : blocks_) {
            mixing += block->mixer().flops_per_step(steps, options_.causal);
        }
        return SequenceModel::flops_per_step(steps) + mixing;
    }

protected:
    /// Adds the input layer and the blocks; `what` names the backbone in messages.
    void stack(const OptionSet& options, const MakeMixer& make_mixer, std::uint64_t seed,
               const char* what) {
        input_.emplace(options, shape(), options_.width, what,
                       [this](std::unique_ptr<InputLayer> layer) -> InputLayer& {
                           return child("input", std::move(layer));
                       });
        for (std::int64_t layer = 0; layer < options.get<std::int64_t>("layers"); ++layer) {
            blocks_.push_back(&child(
                "blocks." + std::to_string(layer),
                std::make_unique<Block>(
                    options_, layer, make_mixer({options_.width, options_.causal, layer, seed}))));
        }
        require_direction(mixer_traits(), options_.causal);
    }

    /// From the first features to the answers; without a state, of whole sequences.
    virtual Var answer(Context& context, const SequenceInput& input, const Var& features,
                       StateCursor* state) = 0;
    /// Tensors that answer() keeps besides those of the mixers.
    virtual std::size_t own_state_tensors() const { return 0; }

    Var through_blocks(Context& context, Var values, const Tensor& lengths, StateCursor* state) {
        for (Block* block : blocks_) values = block->forward(context, values, lengths, state);
        return values;
    }

    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        require_state(state,
                      own_state_tensors() + blocks_.size() * mixer_traits().state_tensors +
                          input_->state_tensors(input),
                      input_->state_trains(input), input.batch());
        StateCursor cursor(state);
        Var output = answer(context, input, features(context, input, cursor), &cursor);
        cursor.finish();
        return output;
    }
    Var run_once(Context& context, const SequenceInput& input) override {
        SequenceState unused;
        StateCursor cursor(unused);
        return answer(context, input, features(context, input, cursor), nullptr);
    }

    const Options& block_options() const { return options_; }

private:
    MixerTraits mixer_traits() const { return blocks_.front()->mixer().traits(); }
    Var features(Context& context, const SequenceInput& input, StateCursor& cursor) const {
        const DType dtype = blocks_.front()->parameters().front().parameter->value.dtype();
        return input_->features(context, input, cursor, dtype);
    }

    Options options_;
    std::optional<ModelInput> input_;
    std::vector<Block*> blocks_;
};

}  // namespace elm
