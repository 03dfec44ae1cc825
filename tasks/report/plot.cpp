#include "tasks/report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/core.h>

#include "kernels/core/check.h"
#include "kernels/io/output_file.h"
#include "tasks/report/gnuplot.h"

namespace elm {
namespace {

constexpr int width_px = 1400, side_width_px = 1200, height_px = 900, side_height_px = 560;

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

std::string panel_commands(const Panel& panel, std::size_t index, bool text) {
    std::string blocks, plots;
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
        "set title {} noenhanced\nset xlabel {}\nset ylabel {}\nset key default\nset key "
        "noenhanced opaque samplen 2 {}\n",
        gnuplot_quoted(panel.title), gnuplot_quoted(panel.x_label), gnuplot_quoted(panel.y_label),
        panel.key);
    commands += panel.show_x_numbers ? "set format x '%g'\n" : "set format x ''\n";
    commands += range_of("x", panel.x_range, extent(panel, false)) +
                range_of("y", panel.y_range, extent(panel, true));
    // Without data there is nothing to take ranges from.
    return commands +
           (plots.empty() ? "set yrange [0:1]\nset xrange [0:1]\nplot NaN notitle" : plots) + "\n";
}

/// Panels of given heights share the left and right edges, so that their x axes line up.
std::string layout_commands(const Figure& figure, std::size_t index) {
    constexpr double left = 0.075, right = 0.98, top = 0.93, bottom = 0.075, gap = 0.05;
    const auto count = static_cast<double>(figure.panels.size());
    if (figure.side_by_side) {
        const double width = 1.0 / count, x = static_cast<double>(index) * width;
        return fmt::format(
            "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
            "set tmargin at screen 0.86\nset bmargin at screen 0.13\n",
            x + 0.075, x + width - 0.02);
    }
    double total = 0, above = 0;
    for (std::size_t at = 0; at < figure.panels.size(); ++at) {
        total += figure.panels[at].height;
        if (at < index) above += figure.panels[at].height;
    }
    const double usable = top - bottom - gap * (count - 1);
    const double upper = top - usable * above / total - gap * static_cast<double>(index);
    const double lower = upper - usable * figure.panels[index].height / total;
    return fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
        "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n",
        left, right, upper, lower);
}

std::string script_of(const Figure& figure, const std::string& path) {
    const bool text = path == "-";
    std::string script = gnuplot_terminal(path, figure.side_by_side ? side_width_px : width_px,
                                          figure.side_by_side ? side_height_px : height_px);
    script += "set border 3\nset tics nomirror out\n";
    if (text) {
        // A terminal has too few lines for shared margins: panels are stacked by gnuplot itself.
        script +=
            fmt::format("set multiplot layout {} title {}\n",
                        figure.side_by_side ? "1,2" : fmt::format("{},1", figure.panels.size()),
                        gnuplot_quoted(figure.title));
    } else {
        script += "set grid lc rgb '#dddddd'\nset multiplot title " + gnuplot_quoted(figure.title) +
                  " font ',15' noenhanced\n";
    }
    for (std::size_t index = 0; index < figure.panels.size(); ++index) {
        if (!text) script += layout_commands(figure, index);
        script += panel_commands(figure.panels[index], index, text);
    }
    return script + "unset multiplot\n";
}

}  // namespace

std::string colour::of_series(std::size_t index, std::size_t count) {
    constexpr std::array palette{vermilion, blue, green, orange, sky_blue, purple, black};
    if (count <= palette.size()) return palette[index];
    // Viridis at five places. Source: Smith & van der Walt 2015, bids.github.io/colormap.
    struct Rgb {
        double red, green, blue;
    };
    constexpr std::array<Rgb, 5> stops{
        {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {240, 215, 37}}};
    const double place = static_cast<double>(index) / static_cast<double>(count - 1) * 4;
    const auto low = std::min<std::size_t>(3, static_cast<std::size_t>(place));
    const double share = place - static_cast<double>(low);
    const auto mix = [&](double Rgb::*part) {
        return static_cast<int>((1 - share) * stops[low].*part + share * stops[low + 1].*part);
    };
    return fmt::format("#{:02X}{:02X}{:02X}", mix(&Rgb::red), mix(&Rgb::green), mix(&Rgb::blue));
}

void require_plot_name(const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension();
    ELM_CHECK(path == "-" || extension == ".png" || extension == ".svg" || extension == ".pdf",
              "--plot {}: expected a name that ends in .png, .svg or .pdf, or - for the terminal",
              path);
}

void require_plot_place(const std::string& path, bool force) {
    require_plot_name(path);
    if (path != "-") const OutputFile probe(path, force);
}

void draw(const Figure& figure, const std::string& path, bool force) {
    draw_with_gnuplot(script_of(figure, path), path, force);
}

}  // namespace elm
