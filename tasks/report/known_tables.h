#pragma once

#include "tasks/report/table.h"

/// Tables of what this build knows by name, one row each.
namespace elm {

Table builtin_model_table();
Table model_kind_table();
/// Options of all kinds of models, as kind.option.
Table model_option_table();
Table point_neuron_table();
Table point_neuron_parameter_table();
Table task_table();
/// Options of all tasks, as task.option, and those of training and front ends.
Table task_option_table();
Table encoder_table();
/// Options of all encoders, as encoder.option.
Table encoder_option_table();
/// Recipes of all tasks.
Table preset_table();
/// Detailed cells, which are built to be counted.
Table cell_table();
Table channel_table();
/// Kernels with their types, and where they run in this build.
Table kernel_table();

}  // namespace elm
