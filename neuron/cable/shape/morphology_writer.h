#pragma once

#include <string>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// A morphology as SWC text, which read_swc reads back to the same sections and points, to the last
/// bit, where
/// - the soma is one unbranched section,
/// - sections below a fork begin at the last point above,
/// - no section goes on in a single one of the same region (a reader joins the two).
/// A section of another width than its parent's end gets that point in front, for in SWC a branch
/// begins with the width of the point it hangs on: the ring between the two widths is new membrane.
/// SWC has no place for more. Throws Error{data} for a section on the middle of another than the
/// soma, which it cannot say.
std::string swc_text(const Morphology& morphology);

/// Writes swc_text to a file, as write_text_file does.
void write_swc(const Morphology& morphology, const std::string& path, bool force);

}  // namespace elm::cable
