#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tasks/speech/synthesis/spoken_clip.h"

namespace elm {

/// Clips as a block of a journal (set_journal.h), and back. Throws Error{data} for bytes that are
/// none.
std::string pack_clips(const std::vector<SpokenClip>& clips);
std::vector<SpokenClip> unpack_clips(std::string_view block);

}  // namespace elm
