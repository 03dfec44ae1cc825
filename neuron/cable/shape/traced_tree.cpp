#include "neuron/cable/shape/traced_tree.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernels/io/counted.h"
#include "neuron/cable/shape/morphology_edit.h"

namespace elm::cable {
namespace {

/// The cylinder that stands for a sphere: length and diameter are the sphere's diameter.
std::vector<MorphologyPoint> cylinder_of(const MorphologyPoint& centre) {
    MorphologyPoint first = centre, last = centre;
    first.x -= centre.diameter / 2;
    last.x += centre.diameter / 2;
    return {first, centre, last};
}

/// True for each section on which another one hangs.
std::vector<char> carriers(const std::vector<TracedSection>& traced) {
    std::vector<char> carries(traced.size(), 0);
    for (const TracedSection& one : traced) {
        if (one.section.parent >= 0) carries[static_cast<std::size_t>(one.section.parent)] = 1;
    }
    return carries;
}

/// Throws at a width of 0 that is no tip. Returns the number of tips that have one.
std::size_t check_widths(const std::vector<TracedSection>& traced, const std::string& origin) {
    const std::vector<char> carries = carriers(traced);
    std::size_t tips = 0;
    for (std::size_t i = 0; i < traced.size(); ++i) {
        const std::vector<MorphologyPoint>& points = traced[i].section.points;
        for (std::size_t k = 0; k < points.size(); ++k) {
            if (points[k].diameter > 0) continue;
            const bool is_tip = k > 0 && k + 1 == points.size() && carries[i] == 0;
            if (is_tip && points[k].diameter == 0) {
                ++tips;
                continue;
            }
            fail_at(
                origin, traced[i].places[k],
                fmt::format("the width is {} um here; expected more than 0, but at a tip, which "
                            "may end in a point. Give it the width of its neighbour",
                            points[k].diameter));
        }
    }
    return tips;
}

/// Takes out sections without length.
void leave_out_empty(std::vector<TracedSection>& traced, std::vector<std::string>& notes,
                     const std::string& origin) {
    // Where the children of each section hang now: of one that is left out, where it hung itself.
    std::vector<int> place(traced.size());
    std::vector<std::optional<double>> parent_x(traced.size());
    std::vector<TracedSection> kept;
    std::size_t count = 0, line = 0;
    for (std::size_t i = 0; i < traced.size(); ++i) {
        Section& section = traced[i].section;
        const double length = length_of(section);
        if (!std::isfinite(length)) {
            fail_at(origin, traced[i].places.back(),
                    fmt::format("the branch that ends here has length {} um", length));
        }
        if (section.parent >= 0) {
            const auto parent = static_cast<std::size_t>(section.parent);
            section.parent = place[parent];
            section.parent_x = parent_x[parent].value_or(section.parent_x);
        }
        if (length > 0) {
            place[i] = static_cast<int>(kept.size());
            kept.push_back(std::move(traced[i]));
            continue;
        }
        if (section.parent < 0) {
            const bool is_point =
                std::all_of(section.points.begin(), section.points.end(),
                            [](const auto& point) { return point.diameter == 0; });
            if (is_point) {
                fail_at(
                    origin, traced[i].places.front(),
                    "the root has radius 0 um; expected more than 0, as the radius of the soma");
            }
            fail_at(origin, traced[i].places.front(),
                    "all points of the root are at one place, so it has no length; expected a "
                    "single point, which is a sphere, or a line");
        }
        place[i] = section.parent;
        parent_x[i] = section.parent_x;
        if (count++ == 0) line = traced[i].places.back().line;
    }
    traced = std::move(kept);
    if (count > 0) {
        notes.push_back(fmt::format("{} without length {} left out ({}line {})",
                                    counted(count, "branch", "branches"), count == 1 ? "is" : "are",
                                    count == 1 ? "" : "the first ends in ", line));
    }
}

}  // namespace

bool same_place(const MorphologyPoint& a, const MorphologyPoint& b) {
    return a.x == b.x && a.y == b.y && a.z == b.z;
}

Morphology morphology_of(std::vector<TracedSection> traced, std::vector<std::string> notes,
                         const std::string& origin) {
    TracedSection& root = traced.front();
    if (root.section.points.size() == 1) {
        root.section.points = cylinder_of(root.section.points.front());
        root.places.resize(root.section.points.size(), root.places.front());
    }
    leave_out_empty(traced, notes, origin);
    if (const std::size_t tips = check_widths(traced, origin); tips > 0) {
        notes.push_back(fmt::format("{} of width 0 {}", counted(tips, "tip", "tips"),
                                    tips == 1 ? "ends in a cone" : "end in cones"));
    }
    Morphology morphology{origin, {}, std::move(notes)};
    for (TracedSection& one : traced) morphology.sections.push_back(std::move(one.section));
    morphology = ordered_by_region(std::move(morphology));
    check_morphology(morphology);
    const Section& first = morphology.sections.front();
    if (first.region != Region::soma) {
        morphology.notes.push_back(fmt::format("there is no soma: {} takes its place", first.name));
    }
    return morphology;
}

}  // namespace elm::cable
