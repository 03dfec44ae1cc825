#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tasks/report/palette.h"

namespace elm {

enum class Mark { line, thick_line, dashed_line, dots, points, impulses, band };

/// One curve of a panel. A band is filled between y and y_upper; impulses stand on the lower edge.
struct Curve {
    std::string title = {};  // empty: not in the key
    Mark mark = Mark::line;
    std::string colour = colour::plain;
    std::vector<double> x = {}, y = {};
    std::vector<double> y_upper = {};
};

/// Names of the curves in one line above the panel, where they hide nothing.
inline constexpr const char* key_above = "at graph 1, graph 1.02 right bottom horizontal";
/// The same for a raster, whose dots are too small to show a colour: the names have it.
inline constexpr const char* raster_key =
    "at graph 1, graph 1.02 right bottom horizontal samplen 0.5 textcolor variable";

/// One name a line beside the panels, which leave room for them: for many curves.
inline constexpr const char* key_beside = "at graph 1.02, graph 1 left top vertical Left reverse";

/// A grey picture over ranges of the axes, beneath the curves: the larger a value the darker.
struct HeatMap {
    std::int64_t rows = 0, columns = 0;
    std::vector<float> values = {};  // (rows, columns), the first row at the bottom
    std::pair<double, double> x_range = {}, y_range = {};  // of the outer edges
};

/// One set of axes.
struct Panel {
    std::string title = {}, x_label = {}, y_label = {};
    std::vector<Curve> curves = {};
    std::optional<HeatMap> heat_map = {};
    std::optional<std::pair<double, double>> x_range = {}, y_range = {};
    bool log_y = false;  // of what is above 0 everywhere
    /// Where the x axis has numbers, and what stands there; empty: where gnuplot puts them.
    std::vector<std::pair<double, std::string>> x_ticks = {};
    double height = 1;  // share of the figure, relative to the other panels
    bool show_x_numbers = true;
    std::string key = "top right";  // where gnuplot puts the names of the curves, or key_above
};

/// Panels above each other (or beside each other) with a title on top.
struct Figure {
    std::string title;
    std::vector<Panel> panels;
    bool side_by_side = false;
    int width_px = 0, height_px = 0;  // 0: as suits a screen
};

/// True if `path` is "-" or ends in .png, .svg or .pdf; anything else throws Error{invalid}.
void require_plot_name(const std::string& path);

/// The same, and throws as draw() does if the picture could not be put there: before the work that
/// it shows, not after it.
void require_plot_place(const std::string& path, bool force);

/// Draws with gnuplot: .png, .svg or .pdf, or "-" for text on stdout. The picture is written under
/// a temporary name and renamed. Throws Error{unsupported} if there is no gnuplot, Error{invalid}
/// if `path` exists and `force` is false, Error{write} if gnuplot fails.
void draw(const Figure& figure, const std::string& path, bool force);

}  // namespace elm
