#pragma once

#include <string>
#include <vector>

#include "kernels/core/option_set.h"
#include "kernels/core/toml_config.h"

namespace elm {

/// A recipe by name: sections of options, as in a configuration file.
struct FitPreset {
    std::string name, summary;
    const char* toml;
};

const std::vector<FitPreset>& fit_presets();

/// Throws Error{invalid} with the nearest name.
Config find_fit_preset(const std::string& name);

/// The options of the section [training]: windows, budget, optimiser and learning rate, with the
/// values of a fit without a preset.
OptionSet training_options();

}  // namespace elm
