#pragma once

#include <string>

#include "tasks/report/tile_plot.h"

namespace elm {

/// A grey image of the portable formats P2 (text) and P5 (bytes), its levels scaled from 0 .. the
/// largest level of the file to 0 .. 255. Throws Error{data} naming `path` for anything else, and
/// for a file with fewer pixels than it says.
GreyPicture read_pgm_file(const std::string& path);

}  // namespace elm
