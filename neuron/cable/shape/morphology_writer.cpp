#include "neuron/cable/shape/morphology_writer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {
namespace {

constexpr std::array<int, region_count> swc_type{1, 3, 4, 2};

/// Ids of the points of a section. A first point that is its parent's has the parent's id.
struct Ids {
    std::int64_t first, middle, last;
};

}  // namespace

std::string swc_text(const Morphology& morphology) {
    check_morphology(morphology);
    std::string text = fmt::format("# {}\n# id type x y z radius parent, um\n", morphology.source);
    std::vector<Ids> ids;
    std::int64_t next = 1;
    for (const Section& section : morphology.sections) {
        std::int64_t parent = -1;
        std::size_t begin = 0;
        Ids own{next, next, next};
        if (section.parent >= 0) {
            const auto above = static_cast<std::size_t>(section.parent);
            const bool on_soma = morphology.sections[above].region == Region::soma;
            if (section.parent_x == 0.5 && !on_soma) {
                throw Error(
                    ErrorKind::data,
                    fmt::format("{}: {} begins in the middle of {}: SWC cannot say so",
                                morphology.source, section.name, morphology.sections[above].name));
            }
            parent = section.parent_x == 0     ? ids[above].first
                     : section.parent_x == 0.5 ? ids[above].middle
                                               : ids[above].last;
            const std::vector<MorphologyPoint>& points = morphology.sections[above].points;
            const MorphologyPoint& joint = section.parent_x == 0 ? points.front() : points.back();
            // A run begins with the width of the joint, on the soma with its own.
            const double width = on_soma ? section.points[1].diameter : joint.diameter;
            if (section.parent_x != 0.5 && same_place(section.points[0], joint) &&
                section.points[0].diameter == width) {
                begin = 1;
                own.first = parent;
            }
        }
        for (std::size_t i = begin; i < section.points.size(); ++i) {
            const MorphologyPoint& point = section.points[i];
            text += fmt::format("{} {} {} {} {} {} {}\n", next,
                                swc_type[static_cast<std::size_t>(section.region)], point.x,
                                point.y, point.z, point.diameter / 2, parent);
            parent = next;
            if (i == section.points.size() / 2) own.middle = next;
            own.last = next++;
        }
        ids.push_back(own);
    }
    return text;
}

void write_swc(const Morphology& morphology, const std::string& path, bool force) {
    write_text_file(path, force, swc_text(morphology));
}

}  // namespace elm::cable
