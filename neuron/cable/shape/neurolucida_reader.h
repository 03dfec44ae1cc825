#pragma once

#include <string>
#include <string_view>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Reads Neurolucida's text format (.asc). Sections are the unbranched runs of trees of types Axon,
/// Dendrite and Apical (letters of either case; other trees are basal), in the order soma, basal,
/// apical, axon and depth first in each. A run below a fork begins at the last point above it, with
/// the diameter of its own first point. Trees begin on soma(0.5), at their own first point; one
/// that begins beside the soma but on a neurite hangs on that (tree_joints.h). The soma comes from
/// the outline of type CellBody, or from a stack of them (soma_contour.h); without one, a single
/// tree stands alone. Other outlines, markers, spines, names and colours are left out.
///
/// `origin` names the text in messages. Throws Error{data} with line and column: text of another
/// format, unclosed or surplus parentheses, numbers that are none, diameters below 0, or 0 but at a
/// tip, several trees and no CellBody, outlines of several somata.
Morphology read_neurolucida(std::string_view text, const std::string& origin);

}  // namespace elm::cable
