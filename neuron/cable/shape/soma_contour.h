#pragma once

#include <vector>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Number of points along the soma that an outline becomes.
inline constexpr int soma_points = 21;

/// The soma as a row of 21 points along its long axis, from its outline, as the simulator NEURON
/// (Hines & Carnevale 1997, doi:10.1162/neco.1997.9.6.1179) makes it when it reads a tracing. The
/// diameters of the outline are the pen's and are not used. Throws Error{data} without a place if
/// the outline has fewer than three points or no width.
std::vector<MorphologyPoint> soma_from_contour(const std::vector<MorphologyPoint>& contour);

/// The soma from outlines in several planes, as NEURON makes it: a point for each, in its centre,
/// as wide as a circle between the one of its length and the one of its mean distance from there.
std::vector<MorphologyPoint> soma_from_stack(
    const std::vector<std::vector<MorphologyPoint>>& contours);

}  // namespace elm::cable
