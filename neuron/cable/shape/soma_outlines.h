#pragma once

#include <functional>
#include <string>
#include <vector>

#include "neuron/cable/shape/morphology_text.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {

/// An outline of the soma and where it stands in the file.
struct SomaOutline {
    TextPlace open;
    std::vector<MorphologyPoint> points;
};

/// The soma that outlines describe.
struct OutlinedSoma {
    TracedSection section;
    /// The rectangle around all outlines, seen from above: how far a point lies from it, and its
    /// diagonal; um.
    std::function<double(const MorphologyPoint&)> distance;
    double width = 0;
};

/// One outline, or a stack of outlines that lie above each other. Outlines of few points beside
/// others are left out; `notes` says what was assumed. Throws Error{data} naming file and place for
/// a second soma and for an outline that encloses nothing.
OutlinedSoma soma_of_outlines(std::vector<SomaOutline> outlines, std::vector<std::string>& notes,
                              const std::string& origin);

}  // namespace elm::cable
