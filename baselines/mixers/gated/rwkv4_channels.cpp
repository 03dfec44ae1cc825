#include "baselines/mixers/gated/rwkv4_channels.h"

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {

Var steps_before(Context& context, const Var& x, const Var& before) {
    const Shape& shape = x.value.shape();
    if (shape[1] == 0) return x;
    const Var parts[] = {reshape(context, before, {shape[0], 1, shape[2]}),
                         slice(context, x, 1, 0, shape[1] - 1)};
    return concatenate(context, parts, 1);
}

Initialiser first_shares(std::int64_t width, double power, double more) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < width; ++i) {
        values.push_back(std::pow(static_cast<double>(i) / static_cast<double>(width), power) +
                         more);
    }
    return initialise::numbers(std::move(values));
}

Rwkv4Channels::Rwkv4Channels(std::int64_t width, std::int64_t hidden, double left)
    : mix_key_(offset("time_mix_k", {width}, first_shares(width, left, 0))),
      mix_gate_(offset("time_mix_r", {width}, first_shares(width, left, 0))),
      key_(child("key", std::make_unique<Linear>(width, hidden, false))),
      value_(child("value", std::make_unique<Linear>(hidden, width, false))),
      gate_(child("receptance", std::make_unique<Linear>(width, width, false))) {}

Var Rwkv4Channels::forward(Context& context, const Var& x, StateCursor* state) const {
    const Shape& shape = x.value.shape();
    const Var before = state_or_zeros(context, state, {shape[0], shape[2]}, x.value.dtype());
    const Var step_before = steps_before(context, x, before);
    const Var change = subtract(context, x, step_before);
    const auto mixed = [&](const ModuleParameter& share) {
        return add(context, step_before, multiply(context, change, use(context, share)));
    };
    const Var key = activate(context, key_.forward(context, mixed(mix_key_)), Activation::relu);
    const Var value = value_.forward(context, multiply(context, key, key));
    const Var gate =
        activate(context, gate_.forward(context, mixed(mix_gate_)), Activation::sigmoid);
    if (state != nullptr) state->keep(last_step(context, x, before));
    return multiply(context, gate, value);
}

}  // namespace elm
