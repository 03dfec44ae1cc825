#pragma once

#include <functional>
#include <string>

namespace elm {

/// Text between single quotes of gnuplot, on one line.
std::string gnuplot_quoted(const std::string& text);

/// The commands that make gnuplot write `target` in the format of `path` (.png, .svg, .pdf), or
/// print text if `path` is "-". The size is that of a picture on a screen.
std::string gnuplot_output(const std::string& path, const std::string& target, int width_px,
                           int height_px);

/// Runs the script that `script_for` makes for the file to write, and renames that file to `path`;
/// "-" has no file. Throws as draw() in plot.h does.
void draw_with_gnuplot(const std::string& path, bool force,
                       const std::function<std::string(const std::string& target)>& script_for);

}  // namespace elm
