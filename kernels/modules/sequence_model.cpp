#include "kernels/modules/sequence_model.h"

#include "kernels/core/check.h"

namespace elm {

std::int64_t SequenceInput::batch() const {
    return spikes != nullptr ? spikes->n_samples : dense.value.shape()[0];
}

std::int64_t SequenceInput::steps() const {
    return spikes != nullptr ? spikes->n_steps : dense.value.shape()[1];
}

std::int64_t SequenceInput::features() const {
    return spikes != nullptr ? spikes->n_units : dense.value.shape()[2];
}

SequenceModel::SequenceModel(const SequenceShape& shape) : shape_(shape) {
    ELM_CHECK(shape.n_input > 0 && shape.n_output > 0,
              "a sequence model of {} inputs and {} outputs: expected at least one of each",
              shape.n_input, shape.n_output);
}

Var SequenceModel::forward(Context& context, const SequenceInput& input, SequenceState* state) {
    ELM_CHECK((input.spikes != nullptr) != input.dense.value.defined(),
              "a sequence model takes either spikes or dense input, one of the two");
    if (input.spikes == nullptr) {
        require_rank<3>(input.dense.value.shape(), "sequence model: input (batch, time, inputs)");
    }
    ELM_CHECK(input.features() == shape_.n_input,
              "the input of a sequence model has {} channels, expected {}", input.features(),
              shape_.n_input);
    return state == nullptr ? run_once(context, input) : run(context, input, *state);
}

void require_state(const SequenceState& state, std::size_t n_tensors, std::size_t n_trains,
                   std::int64_t batch) {
    if (state.empty()) return;
    ELM_CHECK(state.tensors.size() == n_tensors && state.spikes.size() == n_trains,
              "a state of {} tensors and {} spike trains was given to a model whose state has {} "
              "and {}",
              state.tensors.size(), state.spikes.size(), n_tensors, n_trains);
    const auto require_batch = [batch](std::int64_t found) {
        ELM_CHECK(found == batch, "a state of {} samples was given with input of {} samples", found,
                  batch);
    };
    for (const Tensor& tensor : state.tensors) require_batch(tensor.shape()[0]);
    for (const SpikeTrain& train : state.spikes) require_batch(train.n_samples);
}

}  // namespace elm
