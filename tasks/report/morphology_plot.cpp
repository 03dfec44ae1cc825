#include "tasks/report/morphology_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "tasks/report/gnuplot.h"
#include "tasks/report/palette.h"
#include "tasks/report/plot.h"

namespace elm {
namespace {

constexpr int smallest_side_px = 380, largest_height_px = 1100, largest_width_px = 1600;
constexpr int left_px = 115, right_px = 145, top_px = 60, bottom_px = 70;
constexpr int bar_gap_px = 15, bar_px = 25;  // of the colours, in the right margin
/// gnuplot draws one width a curve: diameters are sorted into classes, each this much wider.
constexpr double width_ratio = 1.25;
constexpr int width_classes = 24;
constexpr double thinnest_um = 0.2;

/// Class 0 is 0.2 um and thinner, the last 33 um and wider.
int width_class_of(double diameter_um) {
    const double steps = std::log(diameter_um / thinnest_um) / std::log(width_ratio);
    return std::clamp(static_cast<int>(std::lround(steps)), 0, width_classes - 1);
}

struct Bounds {
    double low_x = 0, high_x = 0, low_y = 0, high_y = 0;

    double width() const { return high_x - low_x; }
    double height() const { return high_y - low_y; }
};

/// Size of the picture inside its axes.
struct Size {
    int width_px = 0, height_px = 0;
};

/// Around all points with their widths, and a margin.
Bounds bounds_of(const cable::Morphology& morphology) {
    const cable::MorphologyPoint& first = morphology.sections[0].points[0];
    Bounds bounds{first.x, first.x, first.y, first.y};
    for (const cable::Section& section : morphology.sections) {
        for (const cable::MorphologyPoint& point : section.points) {
            const double radius = point.diameter / 2;
            bounds.low_x = std::min(bounds.low_x, point.x - radius);
            bounds.high_x = std::max(bounds.high_x, point.x + radius);
            bounds.low_y = std::min(bounds.low_y, point.y - radius);
            bounds.high_y = std::max(bounds.high_y, point.y + radius);
        }
    }
    const double margin = 0.03 * std::max(bounds.width(), bounds.height());
    return {bounds.low_x - margin, bounds.high_x + margin, bounds.low_y - margin,
            bounds.high_y + margin};
}

/// As large as may be, but no side too short.
Size size_for(const Bounds& bounds) {
    const double px_per_um =
        std::min(largest_height_px / bounds.height(), largest_width_px / bounds.width());
    const auto side = [&](double um) {
        return std::max(smallest_side_px, static_cast<int>(um * px_per_um));
    };
    return {side(bounds.width()), side(bounds.height())};
}

/// Widened on both sides to the proportions of the picture.
Bounds filling(const Bounds& bounds, const Size& size) {
    const double um_per_px =
        std::max(bounds.width() / size.width_px, bounds.height() / size.height_px);
    const double x = (um_per_px * size.width_px - bounds.width()) / 2;
    const double y = (um_per_px * size.height_px - bounds.height()) / 2;
    return {bounds.low_x - x, bounds.high_x + x, bounds.low_y - y, bounds.high_y + y};
}

/// Lines of one width and kind: points "x y value", an empty line where a line ends.
struct Lines {
    std::string text;
    double x = 0, y = 0;  // where the last one ends

    /// A line that goes on has no gap.
    void add(const cable::MorphologyPoint& a, const cable::MorphologyPoint& b, double value) {
        if (!text.empty() && (a.x != x || a.y != y)) text += '\n';
        text += fmt::format("{:.6g} {:.6g} {:.9g}\n{:.6g} {:.6g} {:.9g}\n", a.x, a.y, value, b.x,
                            b.y, value);
        x = b.x;
        y = b.y;
    }
};
struct WidthClass {
    Lines coloured, grey;
};

cable::MorphologyPoint between(const cable::MorphologyPoint& a, const cable::MorphologyPoint& b,
                               double share) {
    return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y), a.z + share * (b.z - a.z),
            a.diameter + share * (b.diameter - a.diameter)};
}

void add_piece(std::vector<WidthClass>& classes, const cable::MorphologyPoint& a,
               const cable::MorphologyPoint& b, double value) {
    WidthClass& of =
        classes[static_cast<std::size_t>(width_class_of((a.diameter + b.diameter) / 2))];
    if (std::isfinite(value)) {
        of.coloured.add(a, b, value);
    } else {
        of.grey.add(a, b, 0);
    }
}

/// Cuts the lines between the points of a section where segments end.
void add_section(std::vector<WidthClass>& classes, const cable::Section& section,
                 const cable::SectionCut& cut, const std::vector<double>& values) {
    double begin = 0;  // along the section, um
    int segment = 0;
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const cable::MorphologyPoint &a = section.points[i - 1], &b = section.points[i];
        const double step = std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        double done = 0;
        while (step > 0 && done < 1) {
            const double segment_end = cut.length_um * (segment + 1) / cut.segment_count;
            const bool last = segment + 1 == cut.segment_count;
            const double until = last ? 1 : std::min(1.0, (segment_end - begin) / step);
            if (until > done) {
                add_piece(classes, between(a, b, done), between(a, b, until),
                          values[static_cast<std::size_t>(cut.first_segment + segment)]);
                done = until;
            }
            if (done < 1) ++segment;
        }
        begin += step;
    }
}

std::string colour_commands(const std::vector<double>& values, const std::string& unit) {
    double low = 0, high = 0;
    bool any = false;
    for (const double value : values) {
        if (!std::isfinite(value)) continue;
        low = any ? std::min(low, value) : value;
        high = any ? std::max(high, value) : value;
        any = true;
    }
    if (!(high > low)) {  // one value everywhere
        const double around = std::max(1e-9, 0.05 * std::abs(low));
        low -= around;
        high += around;
    }
    constexpr int stops = 9;
    std::string palette;
    for (int i = 0; i < stops; ++i) {
        palette += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i,
                               colour::of_share(static_cast<double>(i) / (stops - 1)));
    }
    return fmt::format(
        "set palette defined ({})\nset cbrange [{:.9g}:{:.9g}]\nset cblabel {} noenhanced\n",
        palette, low, high, gnuplot_quoted(unit));
}

/// Distance of the numbers at the axes: 1, 2 or 5 times a power of ten, at least 70 pixels.
double tics_for(double px_per_um) {
    double power = 1e-3;
    while (true) {
        for (const double step : {1.0, 2.0, 5.0}) {
            if (step * power * px_per_um >= 70) return step * power;
        }
        power *= 10;
    }
}

std::string script_of(const std::vector<WidthClass>& classes, const Bounds& shape,
                      const std::vector<double>& values, const std::string& title,
                      const std::string& unit, const std::string& path) {
    const Size size = size_for(shape);
    const Bounds bounds = filling(shape, size);
    const int width = size.width_px + left_px + right_px;
    const int height = size.height_px + top_px + bottom_px;
    const double px_per_um = size.width_px / bounds.width();
    const double tics_um = tics_for(px_per_um);
    std::string script = gnuplot_terminal(path, width, height);
    script += fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
        "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n",
        static_cast<double>(left_px) / width, 1 - static_cast<double>(right_px) / width,
        1 - static_cast<double>(top_px) / height, static_cast<double>(bottom_px) / height);
    script += fmt::format(
        "set title {} noenhanced\nset xlabel 'x, um'\nset ylabel 'y, um'\nset size ratio -1\n"
        "set border 3\nset tics nomirror out\nunset key\n"
        "set xtics {:g}\nset ytics {:g}\nset xrange [{:.6g}:{:.6g}]\nset yrange [{:.6g}:{:.6g}]\n",
        gnuplot_quoted(title), tics_um, tics_um, bounds.low_x, bounds.high_x, bounds.low_y,
        bounds.high_y);
    const auto share = [](int px, int of) { return static_cast<double>(px) / of; };
    script +=
        fmt::format("set colorbox user origin screen {:.4f}, screen {:.4f} size {:.4f}, {:.4f}\n",
                    1 - share(right_px - bar_gap_px, width), share(bottom_px, height),
                    share(bar_px, width), share(size.height_px, height));
    script += colour_commands(values, unit);

    // Thin ones first: the trunk and the soma lie above.
    std::string plots;
    for (std::size_t i = 0; i < classes.size(); ++i) {
        const double diameter_um = thinnest_um * std::pow(width_ratio, static_cast<double>(i));
        // Above scale, but at least a point, and what is 7 points wide no wider than to scale.
        const double line =
            std::max({1.0, std::min(2.2 * diameter_um, 7.0), diameter_um * px_per_um});
        const auto add = [&](const std::string& name, const std::string& data,
                             const char* using_columns, const std::string& colour) {
            if (data.empty()) return;
            script += fmt::format("${}_{} << EOD\n{}EOD\n", name, i, data);
            plots += fmt::format("{}${}_{} using {} with lines lw {:.2f} {}",
                                 plots.empty() ? "plot " : ", \\\n  ", name, i, using_columns, line,
                                 colour);
        };
        add("grey", classes[i].grey.text, "1:2", fmt::format("lc rgb '{}'", colour::no_value));
        add("colour", classes[i].coloured.text, "1:2:3", "lc palette");
    }
    return script + plots + "\n";
}

}  // namespace

void draw_morphology(const cable::Morphology& morphology, const cable::Compartments& compartments,
                     const std::vector<double>& value_per_segment, const std::string& title,
                     const std::string& unit, const std::string& path, bool force) {
    require_plot_name(path);
    cable::check_morphology(morphology);
    ELM_CHECK(value_per_segment.size() == compartments.segments.size(),
              "drawing {}: {} values for {} segments; expected one each", morphology.source,
              value_per_segment.size(), compartments.segments.size());
    ELM_CHECK(morphology.sections.size() == compartments.sections.size(),
              "drawing {}: it has {} sections, but {} were cut into segments", morphology.source,
              morphology.sections.size(), compartments.sections.size());
    std::vector<WidthClass> classes(width_classes);
    for (std::size_t i = 0; i < morphology.sections.size(); ++i) {
        add_section(classes, morphology.sections[i], compartments.sections[i], value_per_segment);
    }
    const Bounds bounds = bounds_of(morphology);
    draw_with_gnuplot(script_of(classes, bounds, value_per_segment, title, unit, path), path,
                      force);
}

}  // namespace elm
