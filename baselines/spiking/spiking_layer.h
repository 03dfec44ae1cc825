#pragma once

#include "baselines/convolution/causal_layers.h"
#include "kernels/ops/spiking/spiking_scan.h"

namespace elm {

/// Two ends of what a number may be.
struct ValueRange {
    double low = 0, high = 0;
};

/// What a layer takes from the options of its network. Time constants are in steps.
struct SpikingLayerSettings {
    std::int64_t units = 1;
    SpikingRule rule;
    double recurrent_scale = 1;  // of the first recurrent weights
    ValueRange membrane_tau;
    bool learn_tau = true;
    // --- where units adapt
    std::int64_t adaptive_units = 0;  // with a threshold that adapts, the first of all units
    ValueRange adaptation_tau;
    double first_jump = 0;  // of the threshold with a spike, at first
    // --- where a current adapts
    double adaptation_gain = 1;  // q
    ValueRange coupling, jump;   // a, b
};

/// Layer of spiking units that hear each other: equations in kernels/ops/spiking/spiking_unit.h.
///
/// "recurrent_weight" (units, units), normal with deviation recurrent_scale / sqrt(units);
/// "membrane_tau_logit" (units); "threshold" (units), 1 and not trained. A threshold that adapts:
/// "adaptation_tau_logit" and "jump_softplus" (adaptive units). A current that does:
/// "adaptation_tau_logit", "coupling_logit" and "jump_logit" (units); the coefficients of the
/// kernel are a and b times (1 - rho) q. Logits: bounded_values.h; at first all that lies between
/// two bounds is uniform there, time constants in their logarithm. State: one tensor.
class SpikingLayer : public Module {
public:
    /// Throws Error{invalid} for ranges that do not rise, and for those of a, q and time constants
    /// with which a current's units are not stable.
    explicit SpikingLayer(const SpikingLayerSettings& settings);

    /// Currents (batch, time, units) → spikes (batch, time, units).
    Var forward(Context& context, const Var& current, StateCursor& state) const;

private:
    SpikingCoefficients coefficients(Context& context) const;
    void set_threshold_adaptation(Context& context, SpikingCoefficients& result) const;
    void set_current_adaptation(Context& context, SpikingCoefficients& result) const;
    ModuleParameter& bounded(const char* name, std::int64_t units, const ValueRange& range,
                             bool learn);

    SpikingLayerSettings settings_;
    ModuleParameter& recurrent_weight_;
    ModuleParameter* membrane_tau_ = nullptr;
    ModuleParameter* threshold_ = nullptr;
    ModuleParameter* adaptation_tau_ = nullptr;  // null: units do not adapt
    ModuleParameter* jump_ = nullptr;
    ModuleParameter* coupling_ = nullptr;
};

}  // namespace elm
