#pragma once

#include "neuron/cable/cell/cell.h"

/// Cells whose answers are known in closed form.
namespace elm {

/// Ra 100 ohm cm, Rm 40 kohm cm2, C 1 uF/cm2, rest -65 mV: the membrane of the Rallpacks (Bhalla,
/// Bilitch, Bower 1992, doi:10.1016/0166-2236(92)90009-W).
inline constexpr double rallpack_leak_S_cm2 = 2.5e-5;
inline constexpr double rallpack_rest_mV = -65;

/// A cable of `count` compartments in a row, its nodes in their middles.
cable::Cell cylinder_cell(double length_um, double diameter_um, int count);

/// Rallpack 2: 10 levels of branches, a compartment each, lengths 32 / 2^(k / 3) and diameters
/// 16 / 2^(2 k / 3) um.
cable::Cell binary_tree_cell();

/// The membrane of the Rallpacks on every segment of a shape.
cable::Cell passive_cell(cable::Compartments compartments);

/// Adds the channels of the squid axon at Rallpack 3's densities.
void add_squid_channels(cable::Cell& cell);

}  // namespace elm
