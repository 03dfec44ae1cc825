#pragma once

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Orders sections by region (soma, basal, apical, axon), each as they stood, and names them
/// "soma[0]", "dend[0]", "apic[0]", "axon[0]", ... A section that hangs on a later region stands
/// there, so that parents come before children. Expects parents before children.
Morphology ordered_by_region(Morphology morphology);

/// Orders sections depth first: behind each the whole of its first child, then of its second.
/// Expects parents before children.
Morphology depth_first(Morphology morphology);

/// Replaces every section of the axon by `count` cylinders, the first on soma(0.5), each other at
/// the end of the one before, as Hay et al. 2011 (doi:10.1371/journal.pcbi.1002107) do: a traced
/// axon is cut short and says little of the width at its hillock. Throws Error{data} if a dendrite
/// hangs on the axon, Error{invalid} for a length or diameter not above 0 or no cylinder.
Morphology with_axon_stub(Morphology morphology, double length_um = 30, double diameter_um = 1,
                          int count = 2);

/// Points rounded to float32, as the simulator NEURON keeps them: for comparisons with it that are
/// closer than 1e-5 um.
Morphology rounded_to_float(Morphology morphology);

/// Length of a section along its points, um.
double length_of(const Section& section);

}  // namespace elm::cable
