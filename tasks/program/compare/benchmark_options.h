#pragma once

#include <string>

#include "kernels/io/toml_config.h"
#include "tasks/comparison/index/benchmark_grid.h"

namespace elm {

class Arguments;

/// Options that a user chose for a mixer in a cell: those of the section [transformer], which are
/// for all alike, then those of its own model, or of [encoder_decoder] where it stands in one.
Values given_options(const Arguments& arguments, const BenchmarkCell& cell,
                     const MixerChoice& choice);

/// What all runs of a benchmark have in common, or their metrics do not compare: flags, and the
/// sections of its tasks, of training and of the models that all mixers stand in.
Config common_settings(const Arguments& arguments);
/// Throws Error{exists} that says what differs from the settings under which the constants of
/// `path` were frozen.
void require_same_settings(const Config& frozen, const Config& now, const std::string& path);

}  // namespace elm
