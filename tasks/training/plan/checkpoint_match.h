#pragma once

#include <string>

#include "kernels/io/toml_config.h"

namespace elm {

/// The section of a run's configuration with the facts of its data and what it began with.
inline constexpr const char* data_section = "data";

/// Everything in which two configurations differ, one after the other: "elm.num_memory was 4, is
/// 7"; empty: nothing. The section `free` may differ.
std::string differences(const Config& before, const Config& now, const std::string& free);

}  // namespace elm
