#include "neuron/cable/shape/soma_outlines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/counted.h"
#include "neuron/cable/shape/soma_contour.h"

namespace elm::cable {
namespace {

constexpr std::size_t least_points = 3;

/// A rectangle seen from above.
struct Box {
    std::array<double, 2> low{std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::infinity()};
    std::array<double, 2> high{-std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity()};

    void add(const SomaOutline& outline) {
        for (const MorphologyPoint& point : outline.points) {
            low = {std::min(low[0], point.x), std::min(low[1], point.y)};
            high = {std::max(high[0], point.x), std::max(high[1], point.y)};
        }
    }
    bool meets(const Box& other) const {
        return low[0] <= other.high[0] && other.low[0] <= high[0] && low[1] <= other.high[1] &&
               other.low[1] <= high[1];
    }
    double width() const { return std::hypot(high[0] - low[0], high[1] - low[1]); }
    double distance(const MorphologyPoint& point) const {
        return std::hypot(std::max({low[0] - point.x, point.x - high[0], 0.0}),
                          std::max({low[1] - point.y, point.y - high[1], 0.0}));
    }
};

/// Outlines that follow each other must lie above each other: they are one soma.
Box box_around(const std::vector<SomaOutline>& outlines, const std::string& origin) {
    Box all;
    for (std::size_t i = 0; i < outlines.size(); ++i) {
        Box here, before;
        here.add(outlines[i]);
        all.add(outlines[i]);
        if (i == 0) continue;
        before.add(outlines[i - 1]);
        if (here.meets(before)) continue;
        fail_at(origin, outlines[i].open,
                fmt::format("a second soma: this outline of type (CellBody) does not lie above "
                            "the one in line {}. Expected one soma: keep the outlines of one",
                            outlines[i - 1].open.line));
    }
    return all;
}

TracedSection section_of(const std::vector<SomaOutline>& outlines, const std::string& origin) {
    TracedSection soma{{"", Region::soma, -1, 1, {}}, {}};
    try {
        if (outlines.size() == 1) {
            soma.section.points = soma_from_contour(outlines.front().points);
        } else {
            std::vector<std::vector<MorphologyPoint>> stack;
            for (const SomaOutline& outline : outlines) stack.push_back(outline.points);
            soma.section.points = soma_from_stack(stack);
        }
    } catch (const Error& error) {
        fail_at(origin, outlines.front().open, error.message());
    }
    soma.places.assign(soma.section.points.size(), outlines.front().open);
    return soma;
}

}  // namespace

OutlinedSoma soma_of_outlines(std::vector<SomaOutline> outlines, std::vector<std::string>& notes,
                              const std::string& origin) {
    if (outlines.size() > 1) {
        const std::size_t left_out = std::erase_if(outlines, [](const SomaOutline& outline) {
            return outline.points.size() < least_points;
        });
        if (left_out > 0) {
            notes.push_back(fmt::format("{} of the soma of less than {} points left out",
                                        counted(left_out, "outline", "outlines"), least_points));
        }
    }
    const Box box = box_around(outlines, origin);
    if (outlines.size() > 1) {
        const auto above = [](const SomaOutline& a, const SomaOutline& b) {
            return a.points.front().z < b.points.front().z;
        };
        const bool sorted = std::is_sorted(outlines.begin(), outlines.end(), above) ||
                            std::is_sorted(outlines.rbegin(), outlines.rend(), above);
        notes.push_back(fmt::format("{} outlines are one soma{}", outlines.size(),
                                    sorted ? "" : ", though they are not in order of z"));
    }
    return {section_of(outlines, origin),
            [box](const MorphologyPoint& point) { return box.distance(point); }, box.width()};
}

}  // namespace elm::cable
