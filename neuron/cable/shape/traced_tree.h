#pragma once

#include <string>
#include <vector>

#include "neuron/cable/shape/morphology.h"
#include "neuron/cable/shape/morphology_text.h"

namespace elm::cable {

/// A section as a reader of a tracing finds it.
struct TracedSection {
    Section section;                // its name is not used
    std::vector<TextPlace> places;  // of its points in the text
};

/// The morphology of sections that stand in a text, the root first and parents before children:
/// - a root of one point is a cylinder as long as wide, with the area of the sphere;
/// - a section without length is left out, and what hangs on it hangs where it did;
/// - a width of 0 is a cone at a tip, and an error elsewhere.
/// Assumptions are added to `notes`. Throws Error{data} with the place in the text.
Morphology morphology_of(std::vector<TracedSection> traced, std::vector<std::string> notes,
                         const std::string& origin);

/// True if both points are at one place, whatever their widths.
bool same_place(const MorphologyPoint& a, const MorphologyPoint& b);

}  // namespace elm::cable
