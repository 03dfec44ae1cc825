#pragma once

#include <string>

namespace elm {

/// All bytes of a plain file. `expected` says what it should be, as in "a PNG image". Throws
/// Error{data} if it is not there, is no plain file or cannot be read.
std::string read_file_bytes(const std::string& path, const std::string& expected);

}  // namespace elm
