#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "neuron/elm/elm_model.h"

namespace elm {

/// A model that comes with the program.
struct BuiltinModel {
    std::string name;
    std::string summary;
    /// Makes the model for a time step in ms.
    ElmModel (*make)(double time_step_ms);
};

/// All of them, in the order of builtin_models.def.
std::vector<BuiltinModel> builtin_models();

/// The one of this name, or null.
const BuiltinModel* find_builtin(std::string_view name);

}  // namespace elm
