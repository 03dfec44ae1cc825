#pragma once

#include <string>

namespace elm {

/// What the first bytes of a file say that it is, and how to turn it into what is read here:
/// "it is compressed by gzip: unpack it with gunzip". Empty where they say nothing.
std::string foreign_hint(const std::string& path);

/// True for a file that begins with text: no byte of its first block is 0.
bool begins_as_text(const std::string& path);

}  // namespace elm
