#include "baselines/bounded_values.h"

#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"

namespace elm {

double logit_of(double share) { return std::log(share) - std::log1p(-share); }

double decay_logit(double tau_steps) { return logit_of(std::exp(-1 / tau_steps)); }

Initialiser uniform_shares() { return initialise::of_uniform(0.01, 0.99, logit_of); }

Var sigmoid_of(Context& context, const ModuleParameter& logits) {
    return activate(context, use(context, logits), Activation::sigmoid);
}

Var value_between(Context& context, const ModuleParameter& logits, double low, double high) {
    return scale(context, sigmoid_of(context, logits), high - low, low);
}

Var decay_between(Context& context, const ModuleParameter& logits, double shortest,
                  double longest) {
    const Var log_tau = value_between(context, logits, std::log(shortest), std::log(longest));
    const Var rate = activate(context, scale(context, log_tau, -1), Activation::exp);
    return activate(context, scale(context, rate, -1), Activation::exp);
}

}  // namespace elm
