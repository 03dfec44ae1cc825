#pragma once

#include <string>

namespace elm {

/// Text between single quotes of gnuplot, on one line.
std::string gnuplot_quoted(const std::string& text);

/// The commands that make gnuplot draw in the format of `path` (.png, .svg, .pdf), or as text if
/// `path` is "-". The size is that of a picture on a screen.
std::string gnuplot_terminal(const std::string& path, int width_px, int height_px);

/// Runs the script and writes the picture that it draws to `path`; "-" is stdout. Throws as draw()
/// in plot.h does.
void draw_with_gnuplot(const std::string& script, const std::string& path, bool force);

}  // namespace elm
