#pragma once

#include <string>
#include <string_view>

#include "tasks/speech/synthesis/espeak.h"

/// Sounds as WAV files of 16 bits and one channel: what a synthesiser writes, and what anybody can
/// listen to, without a library.
namespace elm {

/// Takes the bytes of such a file apart. One that was written into a pipe does not know how long
/// it is: its samples go to the end. Throws Error{data} naming `where` for anything else, and for
/// one without samples.
Sound parse_wave(std::string_view bytes, const std::string& where);

/// Values outside [-1, 1] are cut. Throws as OutputFile does.
void write_wave(const std::string& path, const Sound& sound, bool force);

}  // namespace elm
