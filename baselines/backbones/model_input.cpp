#include "baselines/backbones/model_input.h"

#include "kernels/core/support/check.h"

namespace elm {

void ModelInput::declare(OptionSet& options) {
    options.declare({.name = "input",
                     .value = std::string("linear"),
                     .help = "what makes the first features of the input; none: they are it",
                     .choices = {"none", "linear"}});
}

bool ModelInput::is_linear(const OptionSet& options) {
    return options.get<std::string>("input") == "linear";
}

void ModelInput::require_width(const SequenceShape& shape, std::int64_t width, const char* what) {
    ELM_CHECK(shape.n_input == width,
              "without a layer for its input a {} of width {} takes as many channels (got {}). Set "
              "input to linear.",
              what, width, shape.n_input);
}

Var ModelInput::features(Context& context, const SequenceInput& input, StateCursor& state,
                         DType dtype) const {
    if (layer_ != nullptr) return layer_->forward(context, input, state);
    if (input.spikes == nullptr) return input.dense;
    return {to_dense(context.stream, *input.spikes, dtype)};
}

std::size_t ModelInput::state_tensors(const SequenceInput& input) const {
    return layer_ != nullptr && input.spikes == nullptr ? 1 : 0;
}

std::size_t ModelInput::state_trains(const SequenceInput& input) const {
    return layer_ != nullptr && input.spikes != nullptr ? 1 : 0;
}

}  // namespace elm
