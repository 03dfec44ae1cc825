#include "baselines/spiking/spiking_layer.h"

#include <cmath>

#include "baselines/bounded_values.h"
#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

void require_range(const char* name, const ValueRange& range) {
    ELM_CHECK(range.low <= range.high,
              "{}_min is {} and {}_max {}: expected a range that rises; swap the two", name,
              range.low, name, range.high);
}

/// Without spikes the units of a current that adapts are stable for -1 < q a < (1 + alpha)
/// (1 + rho) / ((1 - alpha) (1 - rho)), which is narrowest for the shortest time constants.
void require_stable(const SpikingLayerSettings& is) {
    const double alpha = std::exp(-1 / is.membrane_tau.low);
    const double rho = std::exp(-1 / is.adaptation_tau.low);
    const double bound = (1 + alpha) * (1 + rho) / ((1 - alpha) * (1 - rho));
    const double q = is.adaptation_gain;
    ELM_CHECK(q * is.coupling.low > -1,
              "adaptation_gain {} and coupling_min {} make units that run away: their product must "
              "be above -1; raise coupling_min or lower adaptation_gain",
              q, is.coupling.low);
    ELM_CHECK(q * is.coupling.high < bound,
              "adaptation_gain {} and coupling_max {} make units that run away: with "
              "membrane_tau_min {} and adaptation_tau_min {} steps their product must be below {}; "
              "lower one of them or lengthen the time constants",
              q, is.coupling.high, is.membrane_tau.low, is.adaptation_tau.low, bound);
}

/// The values of the first units, and 0 for the others.
Var of_first_units(Context& context, const Var& values, std::int64_t units) {
    const std::int64_t count = values.value.shape()[0];
    if (count == units) return values;
    const Var rest{Tensor::zeros(context.stream, {units - count}, values.value.dtype())};
    const Var parts[] = {values, rest};
    return concatenate(context, parts, 0);
}

}  // namespace

SpikingLayer::SpikingLayer(const SpikingLayerSettings& settings)
    : settings_(settings),
      recurrent_weight_(parameter(
          "recurrent_weight", {settings.units, settings.units},
          initialise::normal(
              0, settings.recurrent_scale / std::sqrt(static_cast<double>(settings.units))))) {
    const std::int64_t units = settings.units;
    membrane_tau_ = &bounded("membrane_tau", units, settings.membrane_tau, settings.learn_tau);
    threshold_ = &offset("threshold", {units}, initialise::constant(1));
    threshold_->trainable = false;
    if (settings.rule.adaptation == SpikingAdaptation::none) return;
    const bool of_threshold = settings.rule.adaptation == SpikingAdaptation::threshold;
    adaptation_tau_ = &bounded("adaptation_tau", of_threshold ? settings.adaptive_units : units,
                               settings.adaptation_tau, settings.learn_tau);
    if (of_threshold) {
        jump_ = &offset("jump_softplus", {settings.adaptive_units},
                        initialise::constant(std::log(std::expm1(settings.first_jump))));
        return;
    }
    coupling_ = &bounded("coupling", units, settings.coupling, true);
    jump_ = &bounded("jump", units, settings.jump, true);
    require_stable(settings);
}

ModuleParameter& SpikingLayer::bounded(const char* name, std::int64_t units,
                                       const ValueRange& range, bool learn) {
    require_range(name, range);
    ModuleParameter& logits = offset(fmt::format("{}_logit", name), {units}, uniform_shares());
    logits.trainable = learn && range.low < range.high;
    return logits;
}

Var SpikingLayer::forward(Context& context, const Var& current, StateCursor& state) const {
    const Shape& shape = current.value.shape();
    Tensor start = state.take_tensor();
    if (!start.defined()) {
        const std::int64_t rows = spiking_state_rows(settings_.rule.adaptation);
        start =
            Tensor::zeros(context.stream, {shape[0], rows, settings_.units}, current.value.dtype());
    }
    const SpikingTraces traces = spiking_scan(context, current, use(context, recurrent_weight_),
                                              coefficients(context), settings_.rule, Var{start});
    state.keep(traces.state.value);
    return traces.spikes;
}

SpikingCoefficients SpikingLayer::coefficients(Context& context) const {
    const ValueRange& tau = settings_.membrane_tau;
    SpikingCoefficients result{.decay = decay_between(context, *membrane_tau_, tau.low, tau.high),
                               .threshold = use(context, *threshold_),
                               .adaptation_decay = {},
                               .jump = {},
                               .coupling = {}};
    if (settings_.rule.adaptation == SpikingAdaptation::threshold) {
        set_threshold_adaptation(context, result);
    }
    if (settings_.rule.adaptation == SpikingAdaptation::current) {
        set_current_adaptation(context, result);
    }
    return result;
}

void SpikingLayer::set_threshold_adaptation(Context& context, SpikingCoefficients& result) const {
    const ValueRange& tau = settings_.adaptation_tau;
    result.adaptation_decay = of_first_units(
        context, decay_between(context, *adaptation_tau_, tau.low, tau.high), settings_.units);
    const Var jump = activate(context, use(context, *jump_), Activation::softplus);
    result.jump = of_first_units(context, jump, settings_.units);
}

void SpikingLayer::set_current_adaptation(Context& context, SpikingCoefficients& result) const {
    const SpikingLayerSettings& is = settings_;
    result.adaptation_decay =
        decay_between(context, *adaptation_tau_, is.adaptation_tau.low, is.adaptation_tau.high);
    const double q = is.adaptation_gain;
    const Var gain = scale(context, result.adaptation_decay, -q, q);
    result.jump =
        multiply(context, gain, value_between(context, *jump_, is.jump.low, is.jump.high));
    result.coupling = multiply(
        context, gain, value_between(context, *coupling_, is.coupling.low, is.coupling.high));
}

}  // namespace elm
