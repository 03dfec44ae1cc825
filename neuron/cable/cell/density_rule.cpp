#include "neuron/cable/cell/density_rule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace elm::cable {
namespace {

/// As text holds it, so that ties and the last bit are those of decimal digits.
double rounded(double value, int decimals) {
    const std::string text = fmt::format("{:.{}f}", value, decimals);
    double read = value;  // kept where it is not finite
    std::from_chars(text.data(), text.data() + text.size(), read);
    return read;
}

double unrounded(const DensityRule& rule, double distance_um, double farthest_um) {
    switch (rule.shape) {
        case DensityRule::Shape::constant:
            return rule.value;
        case DensityRule::Shape::exponential: {
            const double x = farthest_um > 0 ? distance_um / farthest_um : 0;
            return rule.scale *
                   (rule.offset + rule.factor * std::exp(rule.rate * std::min(x, rule.cap)));
        }
        case DensityRule::Shape::zone:
            return rule.from_um < distance_um && distance_um < rule.to_um ? rule.inside
                                                                          : rule.outside;
    }
    return 0;
}

}  // namespace

double rule_distance_um(const Compartments& compartments, const Segment& segment,
                        DensityPlace place) {
    const SectionCut& section = compartments.sections[static_cast<std::size_t>(segment.section)];
    const auto index = static_cast<int>(&segment - compartments.segments.data());
    const bool last = index == section.first_segment + section.segment_count - 1;
    const bool at_end = place == DensityPlace::centre_last_at_end && last;
    return section.start_distance_um + (at_end ? 1.0 : segment.x) * section.length_um;
}

double farthest_end_um(const Compartments& compartments, Region region) {
    double farthest = 0;
    for (const SectionCut& section : compartments.sections) {
        if (section.region != region) continue;
        farthest = std::max(farthest, section.start_distance_um + section.length_um);
    }
    return farthest;
}

double density_at(const DensityRule& rule, double distance_um, double farthest_um) {
    const double value = unrounded(rule, distance_um, farthest_um);
    return rule.decimals ? rounded(value, *rule.decimals) : value;
}

}  // namespace elm::cable
