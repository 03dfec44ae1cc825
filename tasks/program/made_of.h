#pragma once

#include <string>

#include "kernels/io/toml_config.h"

namespace elm {

class Arguments;

/// The section of a configuration with what a run was made of besides its options: fingerprints of
/// its cell, shape, model and input, by these names.
inline constexpr const char* made_of_section = "made_of";

/// The fingerprint of a file, under `name`; nothing for what is no file, as a built-in model is.
void add_file(Values& made_of, const std::string& name, const std::string& path);

/// Warns in one line of everything that is not as it was when the configuration of --config was
/// written, by a section of it. What only one of the two runs has is a choice of the user, and no
/// change.
void warn_of_changes(const Arguments& arguments, const char* section, const Values& now);

}  // namespace elm
