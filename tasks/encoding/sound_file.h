#pragma once

#include <string>

#include "encoders/encoder.h"

namespace elm {

/// True for a file that begins as WAV, FLAC, Ogg or AIFF does.
bool is_sound_file(const std::string& path);

/// All samples of a sound, (time, channels), within [-1, 1] where the format is one of integers; a
/// value lasts 1000 / rate ms. Throws Error{unsupported} in a build without libsndfile, Error{data}
/// naming `path` for a file that is damaged, holds fewer samples than it says, or none.
Signal read_sound_file(const std::string& path);

}  // namespace elm
