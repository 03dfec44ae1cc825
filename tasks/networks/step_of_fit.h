#pragma once

#include <string>

#include "neuron/elm/elm_options.h"
#include "tasks/networks/run_network.h"

namespace elm {

/// Warns of a fit that runs in steps of another length than it was fitted to: one of version 1 is
/// another neuron there, the drive of its memory is that of a step whatever its length.
void warn_of_other_step(const std::string& name, ElmVersion version, double step_ms,
                        double fit_step_ms);

/// Warns, once for each model, of the fits among the ELM neurons of a network that its time step or
/// its engine makes other neurons of.
void warn_of_other_steps(const NetworkPlan& plan);

}  // namespace elm
