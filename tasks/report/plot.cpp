#include "tasks/report/plot.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/report/gnuplot.h"

namespace elm {
namespace {

/// Size of a picture in pixels.
struct Size {
    int width, height;
};
constexpr Size stacked_size{1400, 900}, side_by_side_size{1200, 560};

std::string style_of(const Curve& curve, bool text) {
    const std::string colour = fmt::format("lc rgb '{}'", curve.colour);
    switch (curve.mark) {
        case Mark::line:
            return "with lines lw 2 " + colour;
        case Mark::thick_line:
            return "with lines lw 5 " + colour;
        case Mark::dashed_line:
            return "with lines lw 2 dt 2 " + colour;
        case Mark::dots:
            return text ? "with dots " + colour : "with points pt 7 ps 0.22 " + colour;
        case Mark::points:
            return "with points pt 7 ps 1 " + colour;
        case Mark::impulses:
            return "with impulses lw 2 " + colour;
        case Mark::band:
            return "with filledcurves fs transparent solid 0.35 noborder " + colour;
    }
    return {};
}

/// Whether a point can be drawn, and counts for ranges.
bool is_finite(const Curve& curve, std::size_t at) {
    return std::isfinite(curve.x[at]) && std::isfinite(curve.y[at]) &&
           (curve.mark != Mark::band || std::isfinite(curve.y_upper[at]));
}

/// Empty if the curve has no point that can be drawn. A point that cannot is a gap.
std::string data_block(const std::string& name, const Curve& curve) {
    std::string text = fmt::format("${} << EOD\n", name);
    bool any = false;
    for (std::size_t at = 0; at < curve.x.size(); ++at) {
        if (!is_finite(curve, at)) {
            text += curve.mark == Mark::band ? "NaN NaN NaN\n" : "NaN NaN\n";
            continue;
        }
        any = true;
        text += fmt::format("{:.9g} {:.9g}", curve.x[at], curve.y[at]);
        if (curve.mark == Mark::band) text += fmt::format(" {:.9g}", curve.y_upper[at]);
        text += '\n';
    }
    return any ? text + "EOD\n" : "";
}

using Range = std::optional<std::pair<double, double>>;

bool is_flat(const Range& range) {
    const double size = std::max(std::abs(range->first), std::abs(range->second));
    return range->second - range->first <= 1e-8 * size;
}

/// From the lowest to the highest value that a panel draws along an axis; none without points.
Range extent(const Panel& panel, bool along_y) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Curve& curve : panel.curves) {
        for (std::size_t at = 0; at < curve.x.size(); ++at) {
            const bool inside = !panel.x_range || (curve.x[at] >= panel.x_range->first &&
                                                   curve.x[at] <= panel.x_range->second);
            if (!inside || !is_finite(curve, at)) continue;
            low = std::min(low, along_y ? curve.y[at] : curve.x[at]);
            high = std::max(high, !along_y                   ? curve.x[at]
                                  : curve.mark == Mark::band ? curve.y_upper[at]
                                                             : curve.y[at]);
        }
    }
    return low <= high ? Range{{low, high}} : std::nullopt;
}

/// The range that is wanted, else gnuplot's choice. A single value, for which gnuplot has none,
/// gets some room around it.
std::string range_of(const char* axis, const Range& wanted, const Range& drawn) {
    Range range = wanted ? wanted : drawn && is_flat(drawn) ? drawn : std::nullopt;
    if (!range) return fmt::format("set {}range [*:*]\n", axis);
    if (is_flat(range)) {
        const double around = range->first != 0 ? 0.1 * std::abs(range->first) : 1;
        range = {{range->first - around, range->second + around}};
    }
    return fmt::format("set {}range [{:.9g}:{:.9g}]\n", axis, range->first, range->second);
}

/// Where a panel and the name of its y axis stand, in shares of the picture.
struct Place {
    double y_label, left, right, top, bottom;
};

Size size_of(const Figure& figure) {
    const Size usual = figure.side_by_side ? side_by_side_size : stacked_size;
    return {figure.width_px > 0 ? figure.width_px : usual.width,
            figure.height_px > 0 ? figure.height_px : usual.height};
}

/// Room for the names of curves beside the panels, in px; 0 where they stand elsewhere.
double room_for_names(const Figure& figure) {
    constexpr double mark = 70, letter = 10;
    std::size_t longest = 0;
    for (const Panel& panel : figure.panels) {
        if (panel.key != key_beside) continue;
        for (const Curve& curve : panel.curves) longest = std::max(longest, curve.title.size());
    }
    return longest == 0 ? 0 : mark + letter * static_cast<double>(longest);
}

/// Panels of given heights share the left and right edges, so that their x axes line up; below a
/// panel whose x axis has a name there is room for it.
Place place_of(const Figure& figure, std::size_t index) {
    constexpr double label = 20, axis = 115, edge = 35, bottom = 68;  // px
    const double right = edge + room_for_names(figure);
    const double top = figure.title.empty() ? 40 : 65;
    constexpr double gap = 45, room_for_x_label = 45;
    const Size size = size_of(figure);
    const double width = size.width, height = size.height;
    if (figure.side_by_side) {
        constexpr double room_for_title = 15;
        const double share = 1.0 / static_cast<double>(figure.panels.size());
        const double x = static_cast<double>(index) * share;
        return {x + label / width, x + axis / width, x + share - right / width,
                1 - (top + room_for_title) / height, bottom / height};
    }
    double usable = height - top - bottom, total = 0, above = 0, gaps_above = 0;
    for (std::size_t at = 0; at < figure.panels.size(); ++at) {
        const Panel& panel = figure.panels[at];
        total += panel.height;
        if (at < index) above += panel.height;
        if (at + 1 == figure.panels.size()) break;
        const double below = panel.x_label.empty() ? gap : gap + room_for_x_label;
        usable -= below;
        if (at < index) gaps_above += below;
    }
    const double upper = height - top - usable * above / total - gaps_above;
    const double lower = upper - usable * figure.panels[index].height / total;
    return {label / width, axis / width, 1 - right / width, upper / height, lower / height};
}

std::string layout_commands(const Place& place) {
    return fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
        "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n",
        place.left, place.right, place.top, place.bottom);
}

/// The name of the y axis. Beside the axis gnuplot would put it further out the longer the numbers
/// are, and past the edge of the picture: it stands at a place of the picture instead.
std::string y_label_commands(const Panel& panel, const Place& place, bool text) {
    const std::string label = gnuplot_quoted(panel.y_label) + " noenhanced";
    if (text) return "set ylabel " + label + "\n";
    return fmt::format("set label 1 {} at screen {:.4f}, graph 0.5 center rotate\n", label,
                       place.y_label);
}

/// The data block of a heat map, and what plots it.
std::string heat_map_block(const std::string& name, const HeatMap& map) {
    std::string text = fmt::format("${} << EOD\n", name);
    for (std::int64_t row = 0; row < map.rows; ++row) {
        for (std::int64_t column = 0; column < map.columns; ++column) {
            text += fmt::format("{:.4g} ",
                                map.values[static_cast<std::size_t>(row * map.columns + column)]);
        }
        text += '\n';
    }
    return text + "EOD\nset palette gray negative\nunset colorbox\n";
}
std::string heat_map_plot(const std::string& name, const HeatMap& map) {
    const auto place = [](const char* column, const std::pair<double, double>& range,
                          std::int64_t count) {
        const double width = (range.second - range.first) / static_cast<double>(count);
        return fmt::format("({:.9g}+{:.9g}*({}+0.5))", range.first, width, column);
    };
    return fmt::format("plot ${} matrix using {}:{}:3 with image notitle", name,
                       place("$1", map.x_range, map.columns), place("$2", map.y_range, map.rows));
}

std::string ticks_of(const Panel& panel) {
    if (panel.x_ticks.empty()) return "set xtics autofreq\n";
    std::string ticks;
    for (const auto& [place, name] : panel.x_ticks) {
        ticks += fmt::format("{}{} {:.9g}", ticks.empty() ? "" : ", ", gnuplot_quoted(name), place);
    }
    return fmt::format("set xtics ({}) noenhanced\n", ticks);
}

std::string panel_commands(const Panel& panel, std::size_t index, bool text) {
    std::string blocks, plots;
    if (panel.heat_map) {
        const std::string name = fmt::format("map_{}", index);
        blocks = heat_map_block(name, *panel.heat_map);
        plots = heat_map_plot(name, *panel.heat_map);
    }
    for (std::size_t at = 0; at < panel.curves.size(); ++at) {
        const Curve& curve = panel.curves[at];
        const std::string name = fmt::format("data_{}_{}", index, at);
        const std::string block = data_block(name, curve);
        if (block.empty()) continue;
        blocks += block;
        const std::string title =
            curve.title.empty() ? "notitle" : "title " + gnuplot_quoted(curve.title);
        plots +=
            fmt::format("{}${} using {} {} {}", plots.empty() ? "plot " : ", ", name,
                        curve.mark == Mark::band ? "1:2:3" : "1:2", style_of(curve, text), title);
    }
    std::string commands = blocks;
    commands += fmt::format(
        "set title {} noenhanced\nset xlabel {} noenhanced\nset key default\nset key noenhanced "
        "opaque samplen 2 {}\n",
        gnuplot_quoted(panel.title), gnuplot_quoted(panel.x_label), panel.key);
    commands += panel.show_x_numbers ? "set format x '%g'\n" : "set format x ''\n";
    commands += panel.log_y ? "set logscale y\n" : "unset logscale y\n";
    commands += ticks_of(panel);
    commands += range_of("x", panel.x_range, extent(panel, false)) +
                range_of("y", panel.y_range, extent(panel, true));
    // Without data there is nothing to take ranges from.
    return commands +
           (plots.empty() ? "set yrange [0:1]\nset xrange [0:1]\nplot NaN notitle" : plots) + "\n";
}

std::string script_of(const Figure& figure, const std::string& path) {
    const bool text = path == "-";
    const Size size = size_of(figure);
    std::string script = gnuplot_terminal(path, size.width, size.height);
    script += "set border 3\nset tics nomirror out\n";
    if (text) {
        // A terminal has too few lines for shared margins: panels are stacked by gnuplot itself.
        script +=
            fmt::format("set multiplot layout {} title {}\n",
                        figure.side_by_side ? "1,2" : fmt::format("{},1", figure.panels.size()),
                        gnuplot_quoted(figure.title));
    } else {
        script +=
            fmt::format("set grid lt 1 lc rgb '{}'\nset multiplot title {} font ',15' noenhanced\n",
                        colour::grid, gnuplot_quoted(figure.title));
    }
    for (std::size_t index = 0; index < figure.panels.size(); ++index) {
        const Place place = place_of(figure, index);
        if (!text) script += layout_commands(place);
        script += y_label_commands(figure.panels[index], place, text) +
                  panel_commands(figure.panels[index], index, text);
    }
    return script + "unset multiplot\n";
}

}  // namespace

void require_plot_name(const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension();
    ELM_CHECK(path == "-" || extension == ".png" || extension == ".svg" || extension == ".pdf",
              "{}: expected a name that ends in .png, .svg or .pdf, or - for the terminal", path);
}

void require_plot_place(const std::string& path, bool force) {
    require_plot_name(path);
    if (path != "-") const OutputFile probe(path, force);
}

void draw(const Figure& figure, const std::string& path, bool force) {
    draw_with_gnuplot(script_of(figure, path), path, force);
}

}  // namespace elm
