// RWKV-4, its time mixing: a mean of all values so far, weighted by keys that decay at a rate of
// each feature (s: sigmoid, *: element by element):
//   a_m[t] = m * x[t] + (1 - m) * x[t-1]            for m = m_k, m_v, m_r, x[-1] = 0
//   k = W_k a_k    v = W_v a_v    r = W_r a_r       y = W_o (s(r) * mean(k, v))
// with the mean of kernels/ops/scan/decaying/wkv_scan.h, decay w = -exp(time_decay) and bonus
// time_first. Source: Peng et al. 2023, arXiv 2305.13048, section 3; first values as in the
// authors' code but for the matrices, which begin uniform and not at 0 or orthogonal. The authors'
// channel mixing (rwkv4_channels.h) takes the place of the backbone's perceptron with its option
// channel_mixing.

#include <algorithm>
#include <cmath>

#include "baselines/mixers/gated/rwkv4_channels.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/scan/decaying/wkv_scan.h"

namespace elm {
namespace {

/// number(i) for each feature i.
template <class Number>
Initialiser of_features(std::int64_t width, const Number& number) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < width; ++i) values.push_back(number(static_cast<double>(i)));
    return initialise::numbers(std::move(values));
}

/// Where a layer stands among all: from 0 at the first to 1 at the last one, and how many of all
/// are not before it.
struct Depth {
    double risen = 0, left = 1;

    Depth(const OptionSet& options, const MixerPlace& place) {
        for (const Option& option : options.options()) {
            if (option.name != "layers") continue;  // a mixer alone has none
            const auto layers = static_cast<double>(std::get<std::int64_t>(option.value));
            const auto layer = static_cast<double>(place.layer);
            if (layers > 1) risen = layer / (layers - 1);
            left = 1 - layer / layers;
        }
    }
};

/// Of feature i: -5 to 3, slower features being more in later layers.
Initialiser first_decays(std::int64_t width, const Depth& depth) {
    const auto last = static_cast<double>(std::max<std::int64_t>(1, width - 1));
    return of_features(
        width, [=](double i) { return -5 + 8 * std::pow(i / last, 0.7 + 1.3 * depth.risen); });
}

Initialiser first_bonuses(std::int64_t width) {
    return of_features(width,
                       [](double i) { return std::log(0.3) + 0.5 * (std::fmod(i + 1, 3) - 1); });
}

class Rwkv4Mixer : public SequenceMixer {
public:
    Rwkv4Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          depth_(options, place),
          decay_(offset("time_decay", {width()}, first_decays(width(), depth_))),
          first_(offset("time_first", {width()}, first_bonuses(width()))),
          mix_key_(offset("time_mix_k", {width()}, first_shares(width(), depth_.left, 0))),
          mix_value_(offset("time_mix_v", {width()},
                            first_shares(width(), depth_.left, 0.3 * depth_.risen))),
          mix_gate_(offset("time_mix_r", {width()}, first_shares(width(), 0.5 * depth_.left, 0))),
          key_(child("key", std::make_unique<Linear>(width(), width(), false))),
          value_(child("value", std::make_unique<Linear>(width(), width(), false))),
          gate_(child("receptance", std::make_unique<Linear>(width(), width(), false))),
          output_(child("output", std::make_unique<Linear>(width(), width(), false))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t, bool) const override {
        return 24 * static_cast<double>(width());
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var& x = input.sequence;
        const Shape& shape = x.value.shape();
        const DType dtype = x.value.dtype();
        const Var before = state_or_zeros(context, state, {shape[0], width()}, dtype);
        const Tensor kept = state == nullptr ? Tensor{} : state->take_tensor();
        const Tensor initial =
            kept.defined() ? kept : empty_wkv_state(context.stream, shape[0], width(), dtype);
        const Var step_before = steps_before(context, x, before);
        const Var change = subtract(context, x, step_before);
        const auto mixed = [&](const ModuleParameter& share) {
            return add(context, step_before, multiply(context, change, use(context, share)));
        };
        const Var gate =
            activate(context, gate_.forward(context, mixed(mix_gate_)), Activation::sigmoid);
        const Var key = key_.forward(context, mixed(mix_key_));
        const Var value = value_.forward(context, mixed(mix_value_));
        const Var decay =
            scale(context, activate(context, use(context, decay_), Activation::exp), -1);
        Tensor after;
        const Var mean =
            wkv_scan(context, decay, use(context, first_), key, value, initial, &after);
        if (state != nullptr) {
            state->keep(last_step(context, x, before));
            state->keep(after);
        }
        return output_.forward(context, multiply(context, gate, mean));
    }

private:
    Depth depth_;
    ModuleParameter& decay_;
    ModuleParameter& first_;
    ModuleParameter& mix_key_;
    ModuleParameter& mix_value_;
    ModuleParameter& mix_gate_;
    Linear& key_;
    Linear& value_;
    Linear& gate_;
    Linear& output_;
};

}  // namespace

MixerEntry rwkv4_mixer() {
    return {.name = "rwkv4",
            .summary = "a decaying weighted mean of all steps so far (RWKV-4)",
            .source = "Peng et al. 2023, arXiv 2305.13048",
            .options = [] { return OptionSet{}; },
            .make = make_mixer_of<Rwkv4Mixer>};
}

}  // namespace elm
