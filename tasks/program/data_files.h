#pragma once

#include <string>
#include <vector>

namespace elm {

class Arguments;

/// The files behind a flag such as --data: as given, a folder standing for its .h5 files in order
/// of their names, but for the checkpoints of fits. Throws Error{invalid} if the flag was not
/// given, Error{data} for a folder without such files.
std::vector<std::string> expand_folders(const Arguments& arguments, const std::string& flag);

}  // namespace elm
