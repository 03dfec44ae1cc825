#pragma once

#include <string>
#include <vector>

#include "neuron/cable/solver/cable_run.h"

namespace elm {

/// Segment that a text names, as NEURON writes places: "soma", "soma(0.5)", "apic[36](0.97)",
/// "Cell[0].dend[3](0.2)"; or "nexus". Without an index the first section of that name, without a
/// position its middle; "soma" is the root of a cell that has none. Throws Error{invalid} with the
/// nearest section there is.
int parse_place(const cable::Cell& cell, const std::string& text);

/// A current: "soma:0.3nA@200+500" is 0.3 nA from 200 ms on for 500 ms,
/// "apic[36](0.97):0.5nA@295~0.5/5" peaks at 0.5 nA, rises with 0.5 ms and decays with 5 ms. Throws
/// Error{invalid}.
cable::CurrentClamp parse_clamp(const cable::Cell& cell, const std::string& text);

/// Something to record, and under which name.
struct CellProbe {
    std::string name;  // as the user wrote it
    std::string unit;
    cable::Quantity quantity = cable::Quantity::voltage;
    std::string channel;
    std::vector<int> segments;  // one, or all of the cell: (segments, samples)
    bool all = false;
};

/// "voltage:PLACE", "calcium:PLACE", "current.CHANNEL:PLACE", "conductance.CHANNEL:PLACE",
/// "synapses:PLACE" (their current); PLACE may be "all". Throws Error{invalid} with the nearest
/// word.
CellProbe parse_cell_probe(const cable::Cell& cell, const std::string& text);

/// All of these, each once.
std::vector<CellProbe> parse_cell_probes(const cable::Cell& cell,
                                         const std::vector<std::string>& texts);

}  // namespace elm
