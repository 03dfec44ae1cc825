#pragma once

#include <string>
#include <string_view>

#include "neuron/cable/morphology.h"

namespace elm::cable {

/// Reads Neurolucida's text format (.asc). Sections are the unbranched runs of trees of types Axon,
/// Dendrite and Apical, in the order soma, basal, apical, axon and depth first in each. A run below
/// a fork begins at the last point above it, with the diameter of its own first point. Trees begin
/// on soma(0.5), at their own first point. The soma comes from the one outline of type CellBody
/// (soma_contour.h). Other outlines, markers, spines, names and colours are left out.
///
/// `origin` names the text in messages. Throws Error{data} with line and column: text of another
/// format, unclosed or surplus parentheses, numbers that are none, diameters not above 0, no
/// CellBody or two, a tree that begins farther from the soma's outline than that is wide, a run
/// without length.
Morphology read_neurolucida(std::string_view text, const std::string& origin);

}  // namespace elm::cable
