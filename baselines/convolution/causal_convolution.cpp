#include "baselines/convolution/causal_convolution.h"

#include <algorithm>
#include <vector>

#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/spike_convolution.h"

namespace elm {
namespace {

/// (first, taps, last) with its taps in the opposite order.
Var reversed_taps(Context& context, const Var& weight) {
    const std::int64_t taps = weight.value.shape()[1];
    if (taps < 2) return weight;
    std::vector<Var> parts;
    for (std::int64_t k = taps; k-- > 0;) parts.push_back(slice(context, weight, 1, k, k + 1));
    return concatenate(context, parts, 1);
}

}  // namespace

Var as_convolution_weight(Context& context, const Var& weight) {
    return transpose(context, transpose(context, reversed_taps(context, weight), 0, 2), 1, 2);
}

Var as_spike_weight(Context& context, const Var& weight) {
    return reversed_taps(context, transpose(context, transpose(context, weight, 1, 2), 0, 2));
}

Tensor last_steps(Context& context, const Tensor& values, std::int64_t count) {
    Context plain{context.stream};
    const std::int64_t steps = values.shape()[1];
    return slice(plain, Var{values}, 1, std::max<std::int64_t>(0, steps - count), steps).value;
}

Var causal_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                       std::int64_t dilation, StateCursor& state) {
    const std::int64_t steps = input.value.shape()[1], taps = weight.value.shape()[2];
    const Tensor before = state.take_tensor();
    const bool goes_on = before.defined() && before.shape()[1] > 0;
    const Var parts[] = {Var{before}, input};
    const Var joined = goes_on ? concatenate(context, parts, 1) : input;
    state.keep(last_steps(context, joined.value, (taps - 1) * dilation));
    const Var output = convolution(context, joined, weight, bias, dilation);
    if (!goes_on) return output;
    const std::int64_t all = joined.value.shape()[1];
    return slice(context, output, 1, all - steps, all);
}

Var causal_spike_convolution(Context& context, const SpikeTrain& spikes, const Var& weight,
                             const Var& bias, StateCursor& state) {
    const SpikeTrain* before = state.take_spikes();
    const bool goes_on = before != nullptr && before->n_steps > 0;
    const SpikeTrain joined = goes_on ? join_steps(*before, spikes) : SpikeTrain{};
    const SpikeTrain& all = goes_on ? joined : spikes;
    const std::int64_t kept = std::min(weight.value.shape()[1] - 1, all.n_steps);
    state.keep(slice_steps(all, all.n_steps - kept, kept));
    const Var output = spike_convolution(context, {all}, weight, bias);
    return goes_on ? slice(context, output, 1, all.n_steps - spikes.n_steps, all.n_steps) : output;
}

}  // namespace elm
