#include "baselines/mixers/gated/damped_average.h"

#include <algorithm>
#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"

namespace elm {
namespace {

/// 1, -1, 1, ... in each row, and a normal number of deviation 0.02.
Initialiser alternating(std::int64_t states) {
    return [states](Stream& stream, const Tensor& to, const RandomKey& key) {
        initialise::of_normals(to.shape().size(), [states](const std::vector<double>& draws) {
            std::vector<double> values;
            for (std::size_t i = 0; i < draws.size(); ++i) {
                const bool even = i % static_cast<std::size_t>(states) % 2 == 0;
                values.push_back((even ? 1 : -1) + 0.02 * draws[i]);
            }
            return values;
        })(stream, to, key);
    };
}

}  // namespace

DampedAverage::DampedAverage(const OptionSet& options, std::int64_t width, bool causal)
    : width_(width),
      states_(options.get<std::int64_t>("states")),
      truncation_(options.get<std::int64_t>("truncation")),
      delta_(offset("delta", {(causal ? 1 : 2) * width, states_}, initialise::normal(0, 0.2))),
      alpha_(offset("alpha", delta_.shape, initialise::normal(0, 0.2))),
      beta_(table("beta", delta_.shape, alternating(states_))),
      gamma_(table("gamma", delta_.shape, initialise::normal(0, 1))),
      omega_(parameter("omega", {width}, initialise::normal(0, 1))) {}

/// Of real averages, though the scan that runs them is one of complex numbers.
double DampedAverage::flops_per_step(std::int64_t steps) const {
    const auto features = static_cast<double>(delta_.shape[0]);
    if (truncation_ > 0) return features * convolution_flops(steps);
    return 4 * features * static_cast<double>(states_);
}

void DampedAverage::declare(OptionSet& options) {
    options.declare({.name = "states",
                     .value = std::int64_t{16},
                     .help = "moving averages of each feature",
                     .lowest = 1,
                     .highest = 4096});
    options.declare({.name = "truncation",
                     .value = std::int64_t{0},
                     .help = "steps that moving averages reach back; 0: all",
                     .unit = "steps",
                     .lowest = 0,
                     .highest = 1 << 24});
}

Var DampedAverage::in_one_direction(Context& context, const Var& x, std::int64_t direction,
                                    const Var& skip, StateCursor* state) const {
    const DType dtype = x.value.dtype();
    const auto own = [&](const ModuleParameter& of) {
        return slice(context, use(context, of), 0, direction * width_, (direction + 1) * width_);
    };
    const auto squashed = [&](const ModuleParameter& of) {
        return activate(context, own(of), Activation::sigmoid);
    };
    const Var p = squashed(delta_);
    const Var decay = scale(context, multiply(context, p, squashed(alpha_)), -1, 1);
    const Var product = multiply(context, multiply(context, p, own(beta_)), own(gamma_));
    // The scan takes twice the real part.
    const Var weight = scale(context, product, 0.5 / std::sqrt(static_cast<double>(states_)));
    const Var zeros{Tensor::zeros(context.stream, {states_, width_}, dtype)};
    const auto scan = [&](const Var& u, const ComplexVar& initial) {
        return mode_scan(context, {u,
                                   {transpose(context, decay, 0, 1), zeros},
                                   {transpose(context, weight, 0, 1), zeros},
                                   skip,
                                   initial});
    };
    const Shape& shape = x.value.shape();
    const Shape batch_states{shape[0], states_, width_};
    if (truncation_ == 0) {
        const ComplexVar initial{state_or_zeros(context, state, batch_states, dtype),
                                 state_or_zeros(context, state, batch_states, dtype)};
        const ModeScanResult result = scan(x, initial);
        if (state != nullptr) {
            state->keep(result.final.real.value);
            state->keep(result.final.imag.value);
        }
        return result.output;
    }
    const std::int64_t reach = std::min(truncation_, shape[1]);
    const Var impulse{tabulate(context.stream, {1, reach, width_}, dtype,
                               [this](std::int64_t at) { return at < width_ ? 1.0 : 0.0; })};
    const Var rest{Tensor::zeros(context.stream, batch_states.with(0, 1), dtype)};
    const Var kernel = reshape(context, scan(impulse, {rest, rest}).output, {reach, width_});
    return long_convolution(context, x, kernel);
}

Var DampedAverage::forward(Context& context, const MixerInput& input, StateCursor* state) const {
    const Var& x = input.sequence;
    Var sum = in_one_direction(context, x, 0, use(context, omega_), state);
    if (!input.causal) {
        const Var no_skip{Tensor::zeros(context.stream, {width_}, x.value.dtype())};
        const auto turned = [&](const Var& of) { return reverse_time(context, of, input.lengths); };
        sum = add(context, sum, turned(in_one_direction(context, turned(x), 1, no_skip, nullptr)));
    }
    return activate(context, sum, Activation::silu);
}

}  // namespace elm
