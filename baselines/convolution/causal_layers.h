#pragma once

#include <cstdint>
#include <utility>

#include "kernels/modules/sequence_model.h"

/// Causal layers that go on from one chunk of time to the next.
namespace elm {

/// Reads the tensors of a state in the order in which a model's layers ask for them, and collects
/// those of the next state.
class StateCursor {
public:
    explicit StateCursor(SequenceState& state) : state_(&state) {}
    /// Leaves what was collected in the state.
    void finish() { *state_ = std::move(next_); }

    /// The next tensor of the old state; undefined at the beginning of a sequence.
    Tensor take_tensor() {
        return state_->empty() ? Tensor{} : state_->tensors.at(tensors_taken_++);
    }
    /// The next spike train of the old state; null at the beginning of a sequence.
    const SpikeTrain* take_spikes() {
        return state_->empty() ? nullptr : &state_->spikes.at(spikes_taken_++);
    }
    void keep(const Tensor& tensor) { next_.tensors.push_back(tensor); }
    void keep(SpikeTrain spikes) { next_.spikes.push_back(std::move(spikes)); }

private:
    SequenceState* state_;
    SequenceState next_;
    std::size_t tensors_taken_ = 0, spikes_taken_ = 0;
};

/// The last step of (batch, time, features), of which there is one at least: (batch, features),
/// without a past.
Tensor last_step(Context& context, const Tensor& values);

/// The first layer of a model, at a cost that follows the spikes where the input is sparse:
/// output[t] = bias + sum over k of weight[:, k]ᵀ input[t - k]. "weight" (inputs, taps, outputs),
/// "bias" (outputs), both uniform in ±1/sqrt(inputs taps). With one tap a fully connected layer.
/// State: one spike train for sparse input, one tensor for dense input.
class InputLayer : public Module {
public:
    InputLayer(std::int64_t inputs, std::int64_t outputs, std::int64_t taps = 1);

    /// (batch, time, inputs) → (batch, time, outputs).
    Var forward(Context& context, const SequenceInput& input, StateCursor& state) const;

private:
    Var sparse(Context& context, const SpikeTrain& spikes, StateCursor& state) const;
    Var dense(Context& context, const Var& input, StateCursor& state) const;

    ModuleParameter& weight_;
    ModuleParameter& bias_;
};

/// A causal convolution along time, see kernels/ops/product/convolution.h. "weight" (outputs,
/// inputs, taps), "bias" (outputs), both uniform in ±1/sqrt(inputs taps). State: one tensor.
class CausalConvolution : public Module {
public:
    CausalConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps);

    /// (batch, time, inputs) → (batch, time, outputs).
    Var forward(Context& context, const Var& input, StateCursor& state) const;

private:
    ModuleParameter& weight_;
    ModuleParameter& bias_;
};

/// Batch norm with "gain" (features), 1 at first, and "bias" (features), 0 at first, and with the
/// running statistics "running_mean" and "running_variance" as parameters that are not trained, so
/// that files hold them.
class BatchNorm : public Module {
public:
    BatchNorm(std::int64_t features, double momentum, double epsilon);

    /// (..., features) → (..., features).
    Var forward(Context& context, const Var& input) const;

private:
    double momentum_, epsilon_;
    ModuleParameter& gain_;
    ModuleParameter& bias_;
    ModuleParameter& running_mean_;
    ModuleParameter& running_variance_;
};

}  // namespace elm
