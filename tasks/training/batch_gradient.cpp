#include "tasks/training/batch_gradient.h"

#include <utility>

#include "kernels/autograd/tape.h"
#include "kernels/core/random/random_key.h"

namespace elm {
namespace {

/// A tensor of the shape and type of `like`, the value everywhere.
Tensor filled(Stream& stream, const Tensor& like, double value) {
    return visit_real(like.dtype(), [&]<class Real>(Real) {
        const std::vector<Real> values(static_cast<std::size_t>(like.shape().size()),
                                       static_cast<Real>(value));
        return Tensor::from<Real>(stream, like.shape(), values);
    });
}

}  // namespace

BatchGradient::BatchGradient(Stream& stream, FittedModel& fitted, const Task& task,
                             const GradientSettings& settings)
    : stream_(stream), fitted_(fitted), task_(task), settings_(settings) {
    if (task.spec().input == InputKind::tokens || task.spec().carried) return;
    pass_ = fitted.model->training_pass(stream, settings.precision);
}

void BatchGradient::release() {
    output_ = output_gradient_ = pooled_ = pooled_gradient_ = {};
    latest_states_.clear();
}

void BatchGradient::prepare_loss(const Shape& output_shape) {
    const std::int64_t n_samples = output_shape[0], n_outputs = output_shape[2];
    if (output_gradient_.defined() && output_gradient_.shape() == output_shape) return;
    Stream host{Device{}};
    output_ = Tensor::zeros(host, output_shape, settings_.precision);
    output_gradient_ = Tensor::zeros(host, output_shape, settings_.precision);
    pooled_ = Tensor::zeros(host, {n_samples, 1, n_outputs}, settings_.precision);
    pooled_gradient_ = Tensor::zeros(host, {n_samples, 1, n_outputs}, settings_.precision);
    losses_.resize(static_cast<std::size_t>(n_samples));
}

/// Of every random number of the batch that pass number `pass` of this update belongs to.
RandomKey BatchGradient::key_of(std::int64_t update, std::int64_t pass) const {
    return RandomKey{settings_.seed}
        .for_purpose("update")
        .at_step(static_cast<std::uint64_t>(update))
        .for_part(static_cast<std::uint32_t>(pass / settings_.batch_parts));
}

/// Number of its first sequence among those of all parts and processes.
std::int64_t BatchGradient::first_sequence(const Batch& batch, std::int64_t pass) const {
    const std::int64_t parts = settings_.batch_parts;
    return (settings_.rank * parts + pass % parts) * batch.n_sequences(task_.spec().input);
}

PassCall BatchGradient::call(const Batch& batch, std::int64_t update, std::int64_t pass) {
    const bool is_dense = task_.spec().input == InputKind::dense;
    const std::int64_t n_steps = is_dense ? batch.dense.shape()[1] : batch.spikes.n_steps;
    prepare_loss({batch.n_sequences(task_.spec().input), n_steps, fitted_.spec.shape.n_output});
    const InputDropout dropout =
        input_dropout_of(*fitted_.model, key_of(update, pass), first_sequence(batch, pass));
    const bool drops = dropout.rate > 0;
    if (drops && is_dense) drop_channels(dropout, batch.dense, kept_dense_);
    if (drops && !is_dense) drop_spikes(dropout, batch.spikes, kept_spikes_);
    const SpikeTrain& spikes = drops ? kept_spikes_ : batch.spikes;
    const Tensor& dense = drops ? kept_dense_ : batch.dense;
    return {.spikes = is_dense ? nullptr : &spikes,
            .dense = is_dense ? &dense : nullptr,
            .input_gain = dropout.gain(),
            .output = output_,
            .output_gradient = output_gradient_,
            .loss =
                [this, &batch](std::int64_t first, std::int64_t count) {
                    for (std::int64_t sample = first; sample < first + count; ++sample) {
                        losses_[static_cast<std::size_t>(sample)] =
                            loss_of_sample(task_, batch, output_, sample, output_gradient_, pooled_,
                                           pooled_gradient_);
                    }
                },
            .poll = poll_};
}

LossSums BatchGradient::loss() const {
    LossSums total;
    for (const LossSums& loss : losses_) total.add(loss);
    return total;
}

/// Where the samples of a pass begin and what they leave; null where the task carries no state.
SequenceState* BatchGradient::state_of(const Batch& batch, std::int64_t update, std::int64_t pass) {
    const std::optional<CarriedState>& carried = task_.spec().carried;
    if (!carried) return nullptr;
    if (pass == 0) latest_states_ = states_;
    latest_states_.resize(static_cast<std::size_t>(settings_.batch_parts));
    SequenceState& state = latest_states_[static_cast<std::size_t>(pass % settings_.batch_parts)];
    const RandomKey key = key_of(update, pass).for_purpose("rest");
    if (batch.begins || draw_bernoulli(random_word(key, 0), carried->rest_at(update))) state = {};
    return &state;
}

LossSums BatchGradient::add_by_tape(const Batch& batch, std::int64_t update, std::int64_t pass) {
    Tape tape;
    std::vector<Var> penalties;
    Context context{.stream = stream_,
                    .tape = &tape,
                    .random = key_of(update, pass),
                    .training = true,
                    .penalties = &penalties};
    SequenceInput input = input_of(stream_, task_.spec(), batch);
    input.first_sample = first_sequence(batch, pass);
    const Var output = fitted_.model->forward(context, input, state_of(batch, update, pass));
    Stream host{Device{}};
    const bool on_host = stream_.device().kind == DeviceKind::cpu;
    stream_.synchronize();
    const Tensor values = on_host ? output.value : output.value.to(host);
    prepare_loss(values.shape());
    for (std::size_t sample = 0; sample < losses_.size(); ++sample) {
        losses_[sample] = loss_of_sample(task_, batch, values, static_cast<std::int64_t>(sample),
                                         output_gradient_, pooled_, pooled_gradient_);
    }
    // Each penalty is a mean over this pass, one of several equal ones.
    const double share = 1 / static_cast<double>(settings_.batch_parts * settings_.processes);
    std::vector<Tensor> gradients;
    for (const Var& penalty : penalties) {
        gradients.push_back(filled(stream_, penalty.value, share));
    }
    std::vector<Var> outputs = std::move(penalties);
    outputs.push_back(output);
    gradients.push_back(on_host ? output_gradient_ : output_gradient_.to(stream_));
    tape.backward(stream_, outputs, gradients);
    return loss();
}

LossSums BatchGradient::add(const Batch& batch, std::int64_t update, std::int64_t pass) {
    if (pass_ == nullptr) return add_by_tape(batch, update, pass);
    pass_->run(call(batch, update, pass));
    return loss();
}

}  // namespace elm
