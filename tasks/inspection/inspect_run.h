#pragma once

#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

/// True for a folder that holds the configuration of a run.
bool is_run_folder(const std::string& path);
/// True for a TOML file with the section of a command.
bool is_run_configuration(const std::string& path);
/// True for a name that ends in .json.
bool is_summary_name(const std::string& path);

/// The files of a folder in which a training leaves what it makes, and its summary where it is
/// done.
Findings inspect_run_folder(const std::string& path);
/// Every option of a configuration.
Findings inspect_run_configuration(const std::string& path);
/// Command, task, best score and runs of a summary. Throws Error{data} for another file.
Findings inspect_summary(const std::string& path);

}  // namespace elm
