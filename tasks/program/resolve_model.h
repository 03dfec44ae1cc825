#pragma once

#include <string>

#include "baselines/fitted_model.h"

namespace elm {

class Arguments;
class RunContext;

/// The fitted model behind --model: a model file of any form or the name of a built-in model, on
/// the device and in the precision of the context, with the options of its section put in place.
/// `time_step_ms` 0 keeps the model's own step. Throws Error{invalid} for an unknown name, with the
/// nearest, for a kind of model that is not fitted yet, for options that a fitted model cannot
/// change, and for a step that it cannot take.
FittedModel resolve_model(const Arguments& arguments, RunContext& context, const std::string& name,
                          double time_step_ms = 0);

}  // namespace elm
