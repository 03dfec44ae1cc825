#pragma once

#include "kernels/autograd/context.h"
#include "kernels/modules/module.h"

/// Trained numbers that stay between two bounds: what is stored is a logit, whose sigmoid is the
/// way from one to the other.
namespace elm {

/// The number whose sigmoid is `share`, which lies in (0, 1).
double logit_of(double share);
/// That whose sigmoid is exp(-1 / tau), a decay by a time constant in steps.
double decay_logit(double tau_steps);

/// Logits of shares that are uniform in (0.01, 0.99).
Initialiser uniform_shares();

Var sigmoid_of(Context& context, const ModuleParameter& logits);
/// low + (high - low) sigmoid(logits)
Var value_between(Context& context, const ModuleParameter& logits, double low, double high);
/// exp(-1 / tau), log tau between those of the two, in steps.
Var decay_between(Context& context, const ModuleParameter& logits, double shortest, double longest);

}  // namespace elm
