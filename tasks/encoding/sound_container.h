#pragma once

#include <string>

namespace elm {

/// Whether a sound file ends before its container says: a chunk of samples longer than what is left
/// (RIFF, RF64, AIFF), or a stream without its last page (Ogg, RFC 3533). A RIFF file of unknown
/// length, as a pipe makes it, has no such end. False for files of another kind.
/// Throws Error{data} if the file cannot be read.
bool ends_early(const std::string& path);

}  // namespace elm
