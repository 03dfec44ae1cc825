#include "neuron/cable/shape/morphology_edit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm::cable {
namespace {

constexpr std::array<const char*, region_count> section_prefix{"soma", "dend", "apic", "axon"};

std::string name_of(Region region, int index) {
    return fmt::format("{}[{}]", section_prefix[static_cast<std::size_t>(region)], index);
}

/// Section order[i] becomes the i-th.
void reorder(std::vector<Section>& sections, const std::vector<std::size_t>& order) {
    std::vector<int> place(sections.size());
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int>(i);
    std::vector<Section> sorted;
    for (const std::size_t from : order) {
        sorted.push_back(std::move(sections[from]));
        int& parent = sorted.back().parent;
        if (parent >= 0) parent = place[static_cast<std::size_t>(parent)];
    }
    sections = std::move(sorted);
}

/// The middle of a section, along its points.
MorphologyPoint middle_of(const Section& section) {
    double left = length_of(section) / 2;
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const MorphologyPoint &a = section.points[i - 1], &b = section.points[i];
        const double step = std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        if (step > 0 && step >= left) {
            const double share = left / step;
            return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y), a.z + share * (b.z - a.z),
                    a.diameter + share * (b.diameter - a.diameter)};
        }
        left -= step;
    }
    return section.points.back();
}

}  // namespace

double length_of(const Section& section) {
    double length = 0;
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const MorphologyPoint &a = section.points[i - 1], &b = section.points[i];
        length += std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
    }
    return length;
}

Morphology ordered_by_region(Morphology morphology) {
    std::vector<Section>& sections = morphology.sections;
    std::vector<int> group(sections.size());
    for (std::size_t i = 0; i < sections.size(); ++i) {
        group[i] = static_cast<int>(sections[i].region);
        const int parent = sections[i].parent;
        if (parent >= 0) group[i] = std::max(group[i], group[static_cast<std::size_t>(parent)]);
    }
    std::vector<std::size_t> order(sections.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return group[a] < group[b]; });
    reorder(sections, order);
    std::array<int, region_count> counts{};
    for (Section& section : sections) {
        section.name = name_of(section.region, counts[static_cast<std::size_t>(section.region)]++);
    }
    return morphology;
}

Morphology depth_first(Morphology morphology) {
    const std::size_t count = morphology.sections.size();
    std::vector<std::vector<std::size_t>> children(count);
    for (std::size_t i = count; i-- > 1;) {
        children[static_cast<std::size_t>(morphology.sections[i].parent)].push_back(i);
    }
    std::vector<std::size_t> order, waiting;
    if (count > 0) waiting.push_back(0);
    while (!waiting.empty()) {
        const std::size_t at = waiting.back();
        waiting.pop_back();
        order.push_back(at);
        waiting.insert(waiting.end(), children[at].begin(), children[at].end());
    }
    reorder(morphology.sections, order);
    return morphology;
}

Morphology with_axon_stub(Morphology morphology, double length_um, double diameter_um, int count) {
    ELM_CHECK(
        std::isfinite(length_um) && length_um > 0 && std::isfinite(diameter_um) && diameter_um > 0,
        "axon stub: length and diameter must be above 0 (got {} um and {} um)", length_um,
        diameter_um);
    ELM_CHECK(count > 0, "axon stub: expected at least one cylinder, got {}", count);
    check_morphology(morphology);
    if (morphology.sections.front().region == Region::axon) {
        throw Error(
            ErrorKind::data,
            fmt::format("{}: the root of this shape is axon, which is to be replaced by two "
                        "cylinders on a soma. Keep the axon: axon = \"traced\" under "
                        "[morphology] in the cell file",
                        morphology.source));
    }
    std::vector<int> place(morphology.sections.size(), -1);
    std::vector<Section> kept;
    for (std::size_t i = 0; i < morphology.sections.size(); ++i) {
        Section& section = morphology.sections[i];
        if (section.region == Region::axon) continue;
        if (section.parent >= 0) {
            const auto parent = static_cast<std::size_t>(section.parent);
            if (place[parent] < 0) {
                throw Error(
                    ErrorKind::data,
                    fmt::format("{}: {} hangs on the axon ({}), which is to be replaced. "
                                "Keep the axon, or move this section in the file",
                                morphology.source, section.name, morphology.sections[parent].name));
            }
            section.parent = place[parent];
        }
        place[i] = static_cast<int>(kept.size());
        kept.push_back(std::move(section));
    }
    // Straight down from the centre of the soma, where cells of layer 5 have theirs.
    MorphologyPoint start = middle_of(kept.front());
    start.diameter = diameter_um;
    for (int i = 0; i < count; ++i) {
        MorphologyPoint end = start;
        end.y -= length_um;
        const int parent = i == 0 ? 0 : static_cast<int>(kept.size()) - 1;
        kept.push_back(
            {name_of(Region::axon, i), Region::axon, parent, i == 0 ? 0.5 : 1.0, {start, end}});
        start = end;
    }
    morphology.sections = std::move(kept);
    return morphology;
}

Morphology rounded_to_float(Morphology morphology) {
    // Volatile: g++ 12 -O3 drops the two conversions at the end of such a loop.
    const auto round = [](double value) -> double {
        const volatile float rounded = static_cast<float>(value);
        return rounded;
    };
    for (Section& section : morphology.sections) {
        for (MorphologyPoint& point : section.points) {
            point = {round(point.x), round(point.y), round(point.z), round(point.diameter)};
        }
    }
    return morphology;
}

}  // namespace elm::cable
