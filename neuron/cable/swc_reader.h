#pragma once

#include <string>
#include <string_view>

#include "neuron/cable/morphology.h"

namespace elm::cable {

/// Reads SWC: a line "id type x y z radius parent" a point, "#" begins a comment. Types: 1 soma,
/// 2 axon, 3 basal, 4 apical; 5 and 6 (fork and end in old files) are what their parent is.
/// Sections are the unbranched runs of one type, in the order soma, basal, apical, axon and depth
/// first in each.
/// - Soma: one point, or three as NeuroMorpho.org writes them (two children of the first at its
///   radius), is a cylinder as long as wide, with the sphere's area. Any other soma is taken as it
///   is traced; it must begin the tree.
/// - Neurites begin on the 0.5 of a soma section, at their own first point; one of a single point
///   begins at the soma's point. Runs below a fork begin at the last point above it, with the
///   diameter of their own first point.
///
/// `origin` names the text in messages. Throws Error{data} with line and column: wrong columns or
/// numbers, unknown types, radii not above 0, ids that stand twice, parents that are not there,
/// cycles, several roots, no soma or two, a run without length.
/// Source of the format: Cannon et al. 1998, doi:10.1016/S0165-0270(98)00091-0.
Morphology read_swc(std::string_view text, const std::string& origin);

}  // namespace elm::cable
