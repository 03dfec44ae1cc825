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
/// Firing against current, and the calcium spike that needs both inputs (Larkum, Zhu, Sakmann 1999,
/// doi:10.1038/18686), in the built-in layer-5 cell.
void check_layer5_firing(ValidationReport& report);

}  // namespace elm
