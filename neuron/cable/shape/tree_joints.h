#pragma once

#include <functional>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// A tree joins a neurite whose surface is no farther than this from its first point.
inline constexpr double joint_um = 1;

/// Hangs trees that stand on the soma, but begin on another neurite and farther than `slack_um`
/// from the soma, on that neurite: at the nearest place along its points, where it is cut in two.
/// Trees that begin at one place all stay on the soma. What was joined is noted, and also which
/// trees begin farther from the soma than it is wide. Expects the soma first and trees on its 0.5.
Morphology with_trees_joined(
    Morphology morphology, const std::function<double(const MorphologyPoint&)>& distance_from_soma,
    double slack_um, double soma_width_um);

}  // namespace elm::cable
