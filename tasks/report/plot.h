#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace elm {

/// Colours that stay apart for colour-blind eyes. Source: Okabe & Ito 2008,
/// jfly.uni-koeln.de/color.
namespace colour {
inline constexpr const char* black = "#000000";
inline constexpr const char* orange = "#E69F00";
inline constexpr const char* sky_blue = "#56B4E9";
inline constexpr const char* green = "#009E73";
inline constexpr const char* blue = "#0072B2";
inline constexpr const char* vermilion = "#D55E00";
inline constexpr const char* purple = "#CC79A7";
inline constexpr const char* grey = "#999999";

/// Colour `index` of `count`: one of the above where they suffice, else a step from dark to light.
std::string of_series(std::size_t index, std::size_t count);
}  // namespace colour

enum class Mark { line, thick_line, dashed_line, dots, impulses, band };

/// One curve of a panel. A band is filled between y and y_upper; impulses stand on the lower edge.
struct Curve {
    std::string title;  // empty: not in the key
    Mark mark = Mark::line;
    std::string colour = colour::black;
    std::vector<double> x, y;
    std::vector<double> y_upper = {};
};

/// Names of the curves in one line above the panel, where they hide nothing.
inline constexpr const char* key_above = "at graph 1, graph 1.02 right bottom horizontal";

/// One set of axes.
struct Panel {
    std::string title = {}, x_label = {}, y_label = {};
    std::vector<Curve> curves = {};
    std::optional<std::pair<double, double>> x_range = {}, y_range = {};
    double height = 1;  // share of the figure, relative to the other panels
    bool show_x_numbers = true;
    std::string key = "top right";  // where gnuplot puts the names of the curves, or key_above
};

/// Panels above each other (or beside each other) with a title on top.
struct Figure {
    std::string title;
    std::vector<Panel> panels;
    bool side_by_side = false;
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
