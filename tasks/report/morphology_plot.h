#pragma once

#include <string>
#include <vector>

#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/morphology.h"

namespace elm {

/// Draws a cell from the side: x to the right, y up, to scale. Lines are wider where the neurite
/// is; that scale is another one, or most would not be seen. The colour is `value_per_segment` (of
/// the segments of `compartments`, which were cut from `morphology`), with a bar that names its
/// unit; segments whose value is not finite are grey.
/// Throws Error{invalid} for another number of values than there are segments, or sections that are
/// not those of the morphology, and as draw() in plot.h does.
void draw_morphology(const cable::Morphology& morphology, const cable::Compartments& compartments,
                     const std::vector<double>& value_per_segment, const std::string& title,
                     const std::string& unit, const std::string& path, bool force);

}  // namespace elm
