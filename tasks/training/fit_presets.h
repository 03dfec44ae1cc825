#pragma once

#include <string>
#include <vector>

#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"

namespace elm {

/// A recipe by name.
struct FitPreset {
    std::string name, summary;
    const char* toml;  // options in which it differs from the published recipe
};

const std::vector<FitPreset>& fit_presets();

/// All options of a recipe, as in a configuration file. Throws Error{invalid} with the nearest
/// name.
Config find_fit_preset(const std::string& name);

/// The options of the section [training]: windows, budget, optimiser and learning rate, with the
/// values of a fit without a preset.
OptionSet training_options();

}  // namespace elm
