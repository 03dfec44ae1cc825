#pragma once

#include <string>

namespace elm {

/// Kind of a file by its first bytes, and how to turn it into what is read here:
/// "it is compressed by gzip: unpack it with gunzip". Empty where they say nothing.
std::string foreign_hint(const std::string& path);

/// Throws Error{data} for a folder, with what it holds, and for a pipe or a device, which cannot be
/// read twice. A path where there is nothing is left to its reader.
void require_plain_file(const std::string& path);

/// True for a file that begins with text: no byte of its first block is 0.
bool begins_as_text(const std::string& path);

}  // namespace elm
