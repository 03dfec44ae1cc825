#pragma once

#include <cstdint>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/modules/module.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/product/spike_convolution.h"
#include "kernels/ops/scan/recurrent/gated_scan.h"

/// Layers with the parameter names, shapes and first distributions of torch.nn.
namespace elm {

struct SpikeTrain;

/// A parameter as a value of this pass; with a past if there is a tape and it is trainable.
Var use(Context& context, const ModuleParameter& parameter);

/// output = input weightᵀ + bias. "weight" (outputs, inputs) and "bias" (outputs), both uniform in
/// ±1/sqrt(inputs).
class Linear : public Module {
public:
    Linear(std::int64_t inputs, std::int64_t outputs, bool with_bias = true);

    /// (..., inputs) → (..., outputs).
    Var forward(Context& context, const Var& input) const;

private:
    ModuleParameter& weight_;
    ModuleParameter* bias_;  // null without one
};

/// Layer norm over the last axis (kernels/ops/basic/normalise.h): "weight" (features), 1 at first,
/// and "bias" (features), 0 at first.
class LayerNorm : public Module {
public:
    explicit LayerNorm(std::int64_t features, double epsilon = 1e-5);

    /// (..., features) → the same shape.
    Var forward(Context& context, const Var& input) const;

private:
    double epsilon_;
    ModuleParameter& weight_;
    ModuleParameter& bias_;
};

/// Causal convolution of sparse spikes along time. "weight" (inputs, taps, outputs), of which tap 0
/// meets the present step, and "bias" (outputs), both uniform in ±1/sqrt(inputs taps).
class SpikeConvolution : public Module {
public:
    /// Throws Error{invalid} for less than one tap.
    SpikeConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps,
                     bool with_bias = true);

    /// (batch, time, inputs) → (batch, time, outputs).
    Var forward(Context& context, const SpikeInput& input) const;

private:
    ModuleParameter& weight_;
    ModuleParameter* bias_;  // null without one
};

/// A fully connected layer on sparse spikes: "weight" (inputs, 1, outputs), "bias" (outputs).
struct SpikeLinear : SpikeConvolution {
    SpikeLinear(std::int64_t inputs, std::int64_t outputs, bool with_bias = true)
        : SpikeConvolution(inputs, outputs, 1, with_bias) {}
};

/// Linear layers with an activation after each but the last. Children are "0", "2", "4", ..., as in
/// a torch.nn.Sequential that alternates with activations.
class Mlp : public Module {
public:
    /// `sizes`: inputs, hidden layers, outputs; at least two.
    Mlp(const std::vector<std::int64_t>& sizes, Activation activation);

    /// (..., sizes.front()) → (..., sizes.back()).
    Var forward(Context& context, const Var& input) const;

private:
    Activation activation_;
    std::vector<Linear*> layers_;
};

/// State that a recurrent layer carries from one chunk of time to the next. Empty before the first
/// one. To cut the gradient between chunks, keep the values alone: Var{state.value}.
struct RecurrentState {
    std::vector<Var> hidden;  // (batch, units) for each layer
    std::vector<Var> cell;    // of an LSTM
};

/// Gated recurrent layers on top of each other. Layer n has "weight_ih_ln" (gates units, inputs),
/// "weight_hh_ln" (gates units, units), "bias_ih_ln" and "bias_hh_ln" (gates units), all uniform in
/// ±1/sqrt(units). Equations: gated_scan.h.
class GatedRecurrence : public Module {
public:
    GatedRecurrence(GatedCell kind, std::int64_t inputs, std::int64_t units, int layers);

    /// (batch, time, inputs) → hidden states of the last layer (batch, time, units). Starts from
    /// `state`, or from zeros if it is empty, and leaves the last state there.
    /// Throws Error{invalid} if shapes do not fit.
    Var forward(Context& context, const Var& input, RecurrentState& state) const;
    /// The same for spikes, each of which counts 1.
    Var forward(Context& context, const SpikeTrain& spikes, RecurrentState& state) const;

private:
    struct Layer {
        ModuleParameter& input_weight;
        ModuleParameter& recurrent_weight;
        ModuleParameter& input_bias;
        ModuleParameter& recurrent_bias;
    };
    /// All layers, given the first one's part of the pre-activations that comes from the input.
    Var run(Context& context, const Var& projected, RecurrentState& state) const;

    GatedCell kind_;
    std::int64_t units_;
    std::vector<Layer> layers_;
};

/// torch.nn.LSTM with batch_first.
struct Lstm : GatedRecurrence {
    Lstm(std::int64_t inputs, std::int64_t units, int layers = 1)
        : GatedRecurrence(GatedCell::lstm, inputs, units, layers) {}
};

/// torch.nn.GRU with batch_first.
struct Gru : GatedRecurrence {
    Gru(std::int64_t inputs, std::int64_t units, int layers = 1)
        : GatedRecurrence(GatedCell::gru, inputs, units, layers) {}
};

}  // namespace elm
