#pragma once

#include <string>
#include <string_view>

#include "tasks/report/tile_plot.h"

namespace elm {

/// A grey PNG image of 8 bits, its levels as they are stored: neither gamma nor transparency is
/// applied. Throws Error{data} naming `name` for bytes that are no such image or are damaged, for
/// another type of image, and for a side of more than 4096 px.
GreyPicture read_grey_png(std::string_view bytes, const std::string& name);
/// The same of a file.
GreyPicture read_grey_png_file(const std::string& path);

}  // namespace elm
