#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "neuron/cable/shape/compartments.h"

namespace elm::cable {

/// Where along a segment the distance of a density is taken.
enum class DensityPlace : std::uint8_t {
    centre,
    /// The last segment of a section counts as if it were at the section's far end. So did the
    /// script behind the published data, which visited the ends too and let the last visit win.
    centre_last_at_end,
};

/// How much of a channel there is, in S/cm2, at the path distance D (um) from the soma's centre:
///   constant      value
///   exponential   scale (offset + factor exp(rate min(D / D_max, cap)))
///   zone          inside where from < D < to, else outside
/// D_max is the distance of the farthest end of the region.
struct DensityRule {
    enum class Shape : std::uint8_t { constant, exponential, zone };

    Shape shape = Shape::constant;
    double value = 0;
    double scale = 1, offset = 0, factor = 1, rate = 0;
    double cap = std::numeric_limits<double>::infinity();
    double from_um = 0, to_um = 0, inside = 0, outside = 0;
    DensityPlace place = DensityPlace::centre;
    std::optional<int> decimals = {};  // rounded to so many, as values do that pass through text
};

/// Path distance of a segment for the rule, in um.
double rule_distance_um(const Compartments& compartments, const Segment& segment,
                        DensityPlace place);

/// Path distance of the farthest end of a region's sections from the soma's centre, in um; 0 where
/// the region is not there.
double farthest_end_um(const Compartments& compartments, Region region);

/// Density at `distance_um` in a region whose farthest end is at `farthest_um`.
double density_at(const DensityRule& rule, double distance_um, double farthest_um);

}  // namespace elm::cable
