#pragma once

#include <cstdint>

#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "tasks/training/training_settings.h"

namespace elm {

/// The options of the section [training]: batch, budget, optimiser and learning rate.
OptionSet training_options();

/// Puts values in place. Throws as OptionSet::set.
void set_options(OptionSet& options, const Values& values);

/// The recipe that training_options() were set to, over so many updates.
TrainingSettings settings_of(const OptionSet& recipe, DType precision, std::int64_t updates,
                             std::uint64_t seed);

/// Options that have moved to another section or name stand there again: those of older files.
void bring_up_to_date(Config& config);

}  // namespace elm
