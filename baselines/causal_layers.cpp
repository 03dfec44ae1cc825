#include "baselines/causal_layers.h"

#include <algorithm>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/spike_convolution.h"
#include "kernels/ops/training/batch_norm.h"

namespace elm {
namespace {

/// The last `count` steps of (batch, time, features), or all if there are fewer; without a past.
Tensor last_steps(Context& context, const Tensor& values, std::int64_t count) {
    Context plain{context.stream};
    const std::int64_t steps = values.shape()[1];
    return slice(plain, Var{values}, 1, std::max<std::int64_t>(0, steps - count), steps).value;
}

/// A causal convolution that goes on from the steps that its last input ended with.
Var convolve(Context& context, const Var& input, const Var& weight, const Var& bias,
             StateCursor& state) {
    const std::int64_t steps = input.value.shape()[1], taps = weight.value.shape()[2];
    const Tensor before = state.take_tensor();
    const bool goes_on = before.defined() && before.shape()[1] > 0;
    const Var parts[] = {Var{before}, input};
    const Var joined = goes_on ? concatenate(context, parts, 1) : input;
    state.keep(last_steps(context, joined.value, taps - 1));
    const Var output = convolution(context, joined, weight, bias);
    if (!goes_on) return output;
    const std::int64_t all = joined.value.shape()[1];
    return slice(context, output, 1, all - steps, all);
}

/// (inputs, taps, outputs), tap 0 being the present step, → (outputs, inputs, taps), the last tap
/// being the present step.
Var as_convolution_weight(Context& context, const Var& weight) {
    Var reversed = weight;
    const std::int64_t taps = weight.value.shape()[1];
    if (taps > 1) {
        std::vector<Var> parts;
        for (std::int64_t k = taps; k-- > 0;) parts.push_back(slice(context, weight, 1, k, k + 1));
        reversed = concatenate(context, parts, 1);
    }
    return transpose(context, transpose(context, reversed, 0, 2), 1, 2);
}

}  // namespace

Tensor last_step(Context& context, const Tensor& values) {
    const Shape& shape = values.shape();
    return last_steps(context, values, 1).reshape({shape[0], shape[2]});
}

InputLayer::InputLayer(std::int64_t inputs, std::int64_t outputs, std::int64_t taps)
    : taps_(taps),
      weight_(
          parameter("weight", {inputs, taps, outputs}, initialise::uniform_fan_in(inputs * taps))),
      bias_(offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))) {}

Var InputLayer::forward(Context& context, const SequenceInput& input, StateCursor& state) const {
    return input.spikes != nullptr ? sparse(context, *input.spikes, state)
                                   : dense(context, input.dense, state);
}

Var InputLayer::sparse(Context& context, const SpikeTrain& spikes, StateCursor& state) const {
    const SpikeTrain* before = state.take_spikes();
    const bool goes_on = before != nullptr && before->n_steps > 0;
    const SpikeTrain joined = goes_on ? join_steps(*before, spikes) : SpikeTrain{};
    const SpikeTrain& all = goes_on ? joined : spikes;
    const std::int64_t kept = std::min(taps_ - 1, all.n_steps);
    state.keep(slice_steps(all, all.n_steps - kept, kept));
    const Var output =
        spike_convolution(context, {all}, use(context, weight_), use(context, bias_));
    return goes_on ? slice(context, output, 1, all.n_steps - spikes.n_steps, all.n_steps) : output;
}

Var InputLayer::dense(Context& context, const Var& input, StateCursor& state) const {
    return convolve(context, input, as_convolution_weight(context, use(context, weight_)),
                    use(context, bias_), state);
}

CausalConvolution::CausalConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps)
    : weight_(
          parameter("weight", {outputs, inputs, taps}, initialise::uniform_fan_in(inputs * taps))),
      bias_(offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))) {}

Var CausalConvolution::forward(Context& context, const Var& input, StateCursor& state) const {
    return convolve(context, input, use(context, weight_), use(context, bias_), state);
}

BatchNorm::BatchNorm(std::int64_t features, double momentum, double epsilon)
    : momentum_(momentum),
      epsilon_(epsilon),
      gain_(offset("gain", {features}, initialise::constant(1))),
      bias_(offset("bias", {features}, initialise::constant(0))),
      running_mean_(parameter("running_mean", {features}, initialise::constant(0))),
      running_variance_(parameter("running_variance", {features}, initialise::constant(1))) {
    running_mean_.trainable = false;
    running_variance_.trainable = false;
}

Var BatchNorm::forward(Context& context, const Var& input) const {
    return batch_norm(context, input, use(context, gain_), use(context, bias_),
                      {running_mean_.value, running_variance_.value, momentum_}, epsilon_);
}

}  // namespace elm
