#include "tasks/simulation/surrogate.h"

#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "neuron/elm/elm_model_file.h"

namespace elm {
namespace {

class ElmSurrogate final : public Surrogate {
public:
    ElmSurrogate(Stream& stream, const ElmModel& model, DType precision)
        : Surrogate({.kind = "elm",
                     .options = to_values(model.options),
                     .n_input = model.options.n_input,
                     .n_output = model.options.n_output,
                     .time_step_ms = model.options.time_step_ms,
                     .parameters = model.parameter_count(),
                     .has_inhibitory_half = model.options.routing == SynapseRouting::neuronio,
                     .n_memory = model.options.n_memory,
                     .n_branch = model.options.branches(),
                     .precision = precision}),
          neuron_(stream, model, precision) {}

    SurrogateState initial_state(Stream& stream, std::int64_t n_samples,
                                 const ElmRecording& recording) const override {
        return {neuron_.initial_state(stream, n_samples, recording), {}};
    }
    ElmTrace run(Stream& stream, const SpikeTrain& spikes, SurrogateState& state,
                 const ElmRecording& recording) const override {
        return neuron_.run(stream, spikes, state.elm, recording);
    }
    const ElmNeuron* elm() const noexcept override { return &neuron_; }

private:
    ElmNeuron neuron_;
};

class SequenceSurrogate final : public Surrogate {
public:
    /// `owned` is empty where the model belongs to someone else.
    SequenceSurrogate(const SequenceModelSpec& spec, SequenceModel& model,
                      std::unique_ptr<SequenceModel> owned)
        : Surrogate({.kind = spec.model,
                     .options = to_values(model_options(spec.model, spec.options)),
                     .n_input = spec.shape.n_input,
                     .n_output = spec.shape.n_output,
                     .time_step_ms = spec.time_step_ms,
                     .parameters = trainable_count(model),
                     .precision = model.parameters().front().parameter->value.dtype()}),
          owned_(std::move(owned)),
          model_(&model) {}

    SurrogateState initial_state(Stream&, std::int64_t, const ElmRecording&) const override {
        return {};  // empty at the beginning, whatever the number of samples
    }
    ElmTrace run(Stream& stream, const SpikeTrain& spikes, SurrogateState& state,
                 const ElmRecording& recording) const override {
        ELM_ASSERT(!recording.memory && !recording.branches);
        Context context{stream};
        return {model_->forward(context, {.spikes = &spikes}, &state.sequence).value, {}, {}};
    }

private:
    std::unique_ptr<SequenceModel> owned_;
    SequenceModel* model_;
};

}  // namespace

std::unique_ptr<Surrogate> elm_surrogate(Stream& stream, const ElmModel& model, DType precision) {
    return std::make_unique<ElmSurrogate>(stream, model, precision);
}

std::unique_ptr<Surrogate> sequence_surrogate(FittedSequenceModel fitted) {
    SequenceModel& model = *fitted.model;
    return std::make_unique<SequenceSurrogate>(fitted.spec, model, std::move(fitted.model));
}

std::unique_ptr<Surrogate> sequence_surrogate(const SequenceModelSpec& spec, SequenceModel& model) {
    return std::make_unique<SequenceSurrogate>(spec, model, nullptr);
}

std::unique_ptr<Surrogate> load_surrogate(Stream& stream, const std::string& path,
                                          DType precision) {
    if (is_sequence_model(path)) {
        return sequence_surrogate(load_sequence_model(stream, path, precision));
    }
    return elm_surrogate(stream, load_elm_model(path), precision);
}

}  // namespace elm
