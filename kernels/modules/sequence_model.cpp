#include "kernels/modules/sequence_model.h"

#include <utility>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Runs the forward pass that training takes, without a tape.
class ForwardRunner final : public SequenceRunner {
public:
    explicit ForwardRunner(SequenceModel& model) : model_(model) {}

    void start(Stream&, std::int64_t, const SequenceRecording& recording) override {
        ELM_CHECK(!recording.memory && !recording.branches,
                  "this model has neither memory nor branches to record");
        state_ = {};
    }
    SequenceTrace advance(Stream& stream, const SpikeTrain& spikes) override {
        Context context{stream};
        return {model_.forward(context, {.spikes = &spikes}, &state_).value, {}, {}};
    }

private:
    SequenceModel& model_;
    SequenceState state_;
};

void require_lengths(const SequenceInput& input) {
    if (!input.lengths.defined()) return;
    ELM_CHECK(input.lengths.shape() == Shape{input.batch()},
              "the lengths of a sequence model's input are one for each of {} samples",
              input.batch());
    for (const std::int32_t length : input.lengths.host<std::int32_t>()) {
        ELM_CHECK(length >= 0 && length <= input.steps(), "a length of {} among {} steps", length,
                  input.steps());
    }
}

}  // namespace

std::int64_t SequenceInput::batch() const {
    if (spikes != nullptr) return spikes->n_samples;
    return tokens.defined() ? tokens.shape()[0] : dense.value.shape()[0];
}

std::int64_t SequenceInput::steps() const {
    if (spikes != nullptr) return spikes->n_steps;
    return tokens.defined() ? tokens.shape()[1] : dense.value.shape()[1];
}

std::int64_t SequenceInput::features() const {
    if (spikes != nullptr) return spikes->n_units;
    return tokens.defined() ? 1 : dense.value.shape()[2];
}

SequenceModel::SequenceModel(const SequenceShape& shape) : shape_(shape) {
    ELM_CHECK(shape.n_input > 0 && shape.n_output > 0,
              "a sequence model of {} inputs and {} outputs: expected at least one of each",
              shape.n_input, shape.n_output);
}

Var SequenceModel::forward(Context& context, const SequenceInput& input, SequenceState* state) {
    const bool spikes = input.spikes != nullptr, dense = input.dense.value.defined();
    const bool tokens = input.tokens.defined();
    ELM_CHECK(spikes + dense + tokens == 1,
              "a sequence model takes either spikes or dense input or tokens, one of them");
    const InputKinds kinds = traits().inputs;
    ELM_CHECK((!spikes || kinds.spikes) && (!dense || kinds.dense) && (!tokens || kinds.tokens),
              "this model does not take {} without a front end",
              spikes  ? "spikes"
              : dense ? "dense input"
                      : "tokens");
    if (dense) {
        require_rank<3>(input.dense.value.shape(), "sequence model: input (batch, time, inputs)");
    }
    if (tokens) require_rank<2>(input.tokens.shape(), "sequence model: tokens (batch, time)");
    ELM_CHECK(tokens || input.features() == shape_.n_input,
              "the input of a sequence model has {} channels, expected {}", input.features(),
              shape_.n_input);
    require_lengths(input);
    ELM_CHECK(state == nullptr || traits().streams,
              "this model reads whole sequences: it does not go on from a state");
    const bool drops = context.training && input_dropout_ > 0;
    const SequenceInput kept = drops ? dropped(context, input) : input;
    return state == nullptr ? run_once(context, kept) : run(context, kept, *state);
}

void SequenceModel::drop_inputs(double share) {
    ELM_CHECK(share >= 0 && share < 1, "input_dropout must be at least 0 and below 1 (got {})",
              share);
    input_dropout_ = share;
}

SequenceInput SequenceModel::dropped(Context& context, const SequenceInput& input) {
    ELM_CHECK(!input.tokens.defined(), "tokens cannot be dropped: put a front end before them");
    const Var dense = input.spikes == nullptr
                          ? input.dense
                          : Var{to_dense(context.stream, *input.spikes,
                                         parameters().front().parameter->value.dtype())};
    SequenceInput kept = input;
    kept.spikes = nullptr;
    kept.dense =
        drop_values(context, input_dropout_of(*this, context.random, input.first_sample), dense);
    return kept;
}

InputDropout input_dropout_of(const SequenceModel& model, const RandomKey& key,
                              std::int64_t first_sample) {
    return {model.input_dropout(), key.for_purpose("input dropout"), first_sample};
}

std::unique_ptr<SequenceRunner> SequenceModel::runner(Stream&) {
    return std::make_unique<ForwardRunner>(*this);
}

/// Spikes make the first layer's products cheaper than that.
double SequenceModel::flops_per_step(std::int64_t) {
    return 2 * static_cast<double>(products_per_step(*this));
}

void SequenceModel::use_arithmetic(ElmArithmetic arithmetic) {
    if (arithmetic == ElmArithmetic::exact) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("this model has no arithmetic of {}", name_of(arithmetic)));
}

std::vector<NamedArray> SequenceModel::arrays() {
    std::vector<NamedArray> all;
    Stream host{Device{}};
    for (const auto& [name, parameter] : parameters()) {
        NamedArray array{.name = name, .shape = {}, .values = {}};
        for (int axis = 0; axis < parameter->shape.rank(); ++axis) {
            array.shape.push_back(parameter->shape[axis]);
        }
        const Tensor values = parameter->value.to(host);
        array.stored = values.dtype();
        visit_real(values.dtype(), [&]<class Real>(Real) {
            const auto numbers = values.host<Real>();
            array.values.assign(numbers.begin(), numbers.end());
        });
        all.push_back(std::move(array));
    }
    return all;
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
