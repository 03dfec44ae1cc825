#include "baselines/convolution/causal_layers.h"

#include "baselines/convolution/causal_convolution.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/training/batch_norm.h"

namespace elm {

Tensor last_step(Context& context, const Tensor& values) {
    const Shape& shape = values.shape();
    return last_steps(context, values, 1).reshape({shape[0], shape[2]});
}

InputLayer::InputLayer(std::int64_t inputs, std::int64_t outputs, std::int64_t taps)
    : weight_(
          parameter("weight", {inputs, taps, outputs}, initialise::uniform_fan_in(inputs * taps))),
      bias_(offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))) {}

Var InputLayer::forward(Context& context, const SequenceInput& input, StateCursor& state) const {
    return input.spikes != nullptr ? sparse(context, *input.spikes, state)
                                   : dense(context, input.dense, state);
}

Var InputLayer::sparse(Context& context, const SpikeTrain& spikes, StateCursor& state) const {
    return causal_spike_convolution(context, spikes, use(context, weight_), use(context, bias_),
                                    state);
}

Var InputLayer::dense(Context& context, const Var& input, StateCursor& state) const {
    return causal_convolution(context, input, as_convolution_weight(context, use(context, weight_)),
                              use(context, bias_), 1, state);
}

CausalConvolution::CausalConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps)
    : weight_(
          parameter("weight", {outputs, inputs, taps}, initialise::uniform_fan_in(inputs * taps))),
      bias_(offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))) {}

Var CausalConvolution::forward(Context& context, const Var& input, StateCursor& state) const {
    return causal_convolution(context, input, use(context, weight_), use(context, bias_), 1, state);
}

BatchNorm::BatchNorm(std::int64_t features, double momentum, double epsilon)
    : momentum_(momentum),
      epsilon_(epsilon),
      gain_(offset("gain", {features}, initialise::constant(1))),
      bias_(offset("bias", {features}, initialise::constant(0))),
      running_mean_(offset("running_mean", {features}, initialise::constant(0))),
      running_variance_(offset("running_variance", {features}, initialise::constant(1))) {
    running_mean_.trainable = false;
    running_variance_.trainable = false;
}

Var BatchNorm::forward(Context& context, const Var& input) const {
    return batch_norm(context, input, use(context, gain_), use(context, bias_),
                      {running_mean_.value, running_variance_.value, momentum_}, epsilon_);
}

}  // namespace elm
