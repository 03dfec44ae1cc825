#pragma once

#include <string>
#include <string_view>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Reads SWC: a line "id type x y z radius parent" a point, more columns are not read, "#" begins a
/// comment. Types: 1 soma, 2 axon, 3 basal, 4 apical; any other is what it hangs on, on the soma
/// basal.
///
/// Sections are those that the simulator NEURON makes of the file: runs of one type, in the order
/// of the ids, that end where they fork or where the next id is no child.
/// - A run begins at the point it hangs on, with the width of that point; on the soma with the
/// width
///   of its own first point.
/// - A soma of one point, or of three as NeuroMorpho.org writes a sphere (two children of the first
///   at its radius), is a cylinder as long as wide, with the sphere's area. Neurites begin on its
///   middle, at their own first points, one of a single point in its centre.
/// - Any other soma is taken as it is traced. Neurites on one of its ends begin there; on an inner
///   point, in its middle and at their own first points.
/// - A second branch at the first point of a stem begins at the 0 end of that stem.
/// - Without a soma the first section takes its place. A soma that is not the root becomes it.
///
/// `origin` names the text in messages. Throws Error{data} with line and column: missing columns,
/// wrong numbers, radii below 0, or 0 but at a tip, ids that stand twice, parents that are not
/// there, cycles, several roots, a root without length.
/// Source of the format: Cannon et al. 1998, doi:10.1016/S0165-0270(98)00091-0.
Morphology read_swc(std::string_view text, const std::string& origin);

}  // namespace elm::cable
