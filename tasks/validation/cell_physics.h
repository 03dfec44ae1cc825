#pragma once

#include "tasks/validation/check.h"

/// Checks of the cable solver that need no data: closed forms, laws of conservation, orders of
/// convergence and the Rallpacks. Each adds its rows to the report.
namespace elm {

void check_single_compartment(ValidationReport& report);
void check_cylinder(ValidationReport& report);
void check_reciprocity(ValidationReport& report);
void check_charge(ValidationReport& report);
void check_gates(ValidationReport& report);
void check_synapse(ValidationReport& report);
void check_convergence(ValidationReport& report);
void check_rallpacks(ValidationReport& report);
/// Firing against current in the built-in layer-5 cell, and the calcium spike at its nexus that
/// current there alone does not make and with a pulse at the soma does (as in Larkum, Zhu, Sakmann
/// 1999, doi:10.1038/18686). In this cell the pulse alone makes it too: that is not checked.
void check_layer5_firing(ValidationReport& report);

}  // namespace elm
