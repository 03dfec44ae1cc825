#include "tasks/report/tile_plot.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "tasks/report/gnuplot.h"

namespace elm {
namespace {

constexpr double side_px = 20, top_px = 60, gap_px = 16, title_px = 30, axis_left_px = 80,
                 axis_below_px = 60;

struct Rectangle {
    double left, right, bottom, top;  // px from the left and lower edge
};

std::string place(const TileFigure& figure, const Rectangle& at) {
    const double width = figure.width_px, height = figure.height_px;
    return fmt::format(
        "set lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\n"
        "set tmargin at screen {:.5f}\nset bmargin at screen {:.5f}\n",
        at.left / width, at.right / width, at.top / height, at.bottom / height);
}

/// The largest rectangle of the picture's proportions in the middle.
Rectangle fitting(const GreyPicture& grey, const Rectangle& room) {
    const double scale =
        std::min((room.right - room.left) / grey.columns, (room.top - room.bottom) / grey.rows);
    const double x = (room.right - room.left - scale * grey.columns) / 2;
    const double y = (room.top - room.bottom - scale * grey.rows) / 2;
    return {room.left + x, room.right - x, room.bottom + y, room.top - y};
}

std::string mark(const Curve& curve) {
    const std::string colour = fmt::format("lc rgb '{}'", curve.colour);
    switch (curve.mark) {
        case Mark::thick_line:
            return "with lines lw 4 " + colour;
        case Mark::dots:
            return "with points pt 7 ps 0.7 " + colour;
        case Mark::impulses:
            return "with impulses lw 2 " + colour;
        default:
            return "with lines lw 1 " + colour;
    }
}

/// A gap between points that are not numbers.
std::string block(const std::string& name, const Curve& curve) {
    std::string text = fmt::format("${} << EOD\n", name);
    for (std::size_t at = 0; at < curve.x.size(); ++at) {
        text += std::isfinite(curve.y[at])
                    ? fmt::format("{:.7g} {:.7g}\n", curve.x[at], curve.y[at])
                    : "\n";
    }
    return text + "EOD\n";
}

std::string grey_commands(const Tile& tile, const std::string& name) {
    std::string text = fmt::format("${} << EOD\n", name);
    for (int row = 0; row < tile.grey.rows; ++row) {
        for (int column = 0; column < tile.grey.columns; ++column) {
            text += fmt::format(
                "{} ",
                tile.grey.values[static_cast<std::size_t>(row * tile.grey.columns + column)]);
        }
        text += '\n';
    }
    return text + fmt::format(
                      "EOD\nunset border\nunset tics\nset cbrange [0:255]\nset palette gray\n"
                      "unset colorbox\nset xrange [-0.5:{}]\nset yrange [{}:-0.5]\n"
                      "plot ${} matrix with image notitle\n",
                      tile.grey.columns - 0.5, tile.grey.rows - 0.5, name);
}

/// Lines from the top left; of few lines none is higher than it reads well.
std::string text_commands(const Tile& tile) {
    constexpr std::size_t fewest = 18;
    const std::size_t lines = std::max(fewest, tile.text.size());
    std::string text = fmt::format(
        "unset border\nunset tics\nunset label\nset xrange [0:1]\nset yrange [-{}:0]\n", lines);
    for (std::size_t k = 0; k < tile.text.size(); ++k) {
        text += fmt::format(
            "set label {} noenhanced at graph 0, first {} left front font 'monospace,10'\n",
            gnuplot_quoted(tile.text[k]), -0.5 - static_cast<double>(k));
    }
    return text + "plot NaN notitle\nunset label\n";
}

std::string axes_commands(const Tile& tile, const std::string& name) {
    std::string text = tile.has_axes
                           ? "set border 3\nset xtics nomirror out\nset ytics nomirror out\n"
                           : "unset border\nunset tics\n";
    text += fmt::format("set xlabel {} noenhanced\nset ylabel {} noenhanced\n",
                        gnuplot_quoted(tile.x_label), gnuplot_quoted(tile.y_label));
    double low_x = 0, high_x = 1, low_y = 0, high_y = 1;
    bool any = false;
    const auto widen = [&](double x, double y) {
        if (!std::isfinite(y)) return;
        low_x = any ? std::min(low_x, x) : x;
        high_x = any ? std::max(high_x, x) : x;
        low_y = any ? std::min(low_y, y) : y;
        high_y = any ? std::max(high_y, y) : y;
        any = true;
    };
    std::string plots;
    for (std::size_t at = 0; at < tile.curves.size(); ++at) {
        const Curve& curve = tile.curves[at];
        if (curve.x.empty()) continue;
        for (std::size_t k = 0; k < curve.x.size(); ++k) widen(curve.x[k], curve.y[k]);
        const std::string own = fmt::format("{}_{}", name, at);
        text += block(own, curve);
        plots +=
            fmt::format("{}${} using 1:2 {} {}", plots.empty() ? "plot " : ", ", own, mark(curve),
                        curve.title.empty() ? "notitle" : "title " + gnuplot_quoted(curve.title));
    }
    text += fmt::format("unset label\nset key default\nset key noenhanced opaque samplen 1 {}\n",
                        key_above);
    for (const TileLabel& label : tile.labels) {
        widen(label.x, label.y);
        text += fmt::format("set label {} noenhanced at {:.7g},{:.7g} center front tc rgb '{}'\n",
                            gnuplot_quoted(label.text), label.x, label.y, label.colour);
    }
    const double x = 0.03 * std::max(high_x - low_x, 1e-9),
                 y = 0.06 * std::max(high_y - low_y, 0.5);
    text += fmt::format("set xrange [{:.7g}:{:.7g}]\nset yrange [{:.7g}:{:.7g}]\n", low_x - x,
                        high_x + x, low_y - y, high_y + y);
    return text + (plots.empty() ? "plot NaN notitle" : plots) +
           "\nunset label\nunset xlabel\n"
           "unset ylabel\n";
}

std::string script_of(const TileFigure& figure, const std::string& path) {
    std::string script =
        gnuplot_terminal(path, figure.width_px, figure.height_px) +
        fmt::format("set multiplot title {} font ',15' noenhanced\n", gnuplot_quoted(figure.title));
    double total = 0;
    for (const auto& row : figure.rows) total += row.front().height;
    const double usable = figure.height_px - top_px - gap_px;
    double top = figure.height_px - top_px;
    for (std::size_t r = 0; r < figure.rows.size(); ++r) {
        const auto& row = figure.rows[r];
        const double height = usable * row.front().height / total;
        const double width = (figure.width_px - 2 * side_px) / static_cast<double>(row.size());
        for (std::size_t k = 0; k < row.size(); ++k) {
            const Tile& tile = row[k];
            const double left = side_px + static_cast<double>(k) * width;
            Rectangle room{left + gap_px / 2, left + width - gap_px / 2, top - height + gap_px / 2,
                           top - (tile.title.empty() ? gap_px / 2 : title_px)};
            if (tile.has_axes) room.left += axis_left_px;
            if (tile.has_axes) room.bottom += axis_below_px;
            if (tile.grey.rows > 0) room = fitting(tile.grey, room);
            const std::string name = fmt::format("tile_{}_{}", r, k);
            script +=
                place(figure, room) +
                fmt::format("set title {} noenhanced offset 0,-0.5\n", gnuplot_quoted(tile.title)) +
                (tile.grey.rows > 0   ? grey_commands(tile, name)
                 : !tile.text.empty() ? text_commands(tile)
                                      : axes_commands(tile, name));
        }
        top -= height;
    }
    return script + "unset multiplot\n";
}

}  // namespace

void draw(const TileFigure& figure, const std::string& path, bool force) {
    draw_with_gnuplot(script_of(figure, path), path, force);
}

}  // namespace elm
