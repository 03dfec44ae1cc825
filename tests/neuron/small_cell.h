#pragma once

#include <vector>

#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/solver/cable_run.h"

namespace elm::cable {

/// A soma, a basal and an apical branch and the axon, with the membrane of the layer-5 cell.
inline Cell small_cell() {
    Morphology shape{"small", {}};
    shape.sections = {{"soma[0]", Region::soma, -1, 1, {{0, -10, 0, 15}, {0, 10, 0, 15}}},
                      {"dend[0]", Region::basal, 0, 0.5, {{0, 0, 0, 2}, {70, 0, 0, 1}}},
                      {"apic[0]", Region::apical, 0, 0.5, {{0, 0, 0, 4}, {0, 150, 0, 3}}},
                      {"apic[1]", Region::apical, 2, 1, {{0, 150, 0, 2}, {30, 200, 0, 1}}},
                      {"apic[2]", Region::apical, 2, 1, {{0, 150, 0, 2}, {-30, 200, 0, 1}}},
                      {"axon[0]", Region::axon, 0, 0.5, {{0, 0, 0, 1}, {0, -30, 0, 1}}}};
    CellDescription description = load_cell_description("l5pc");
    description.nexus.reset();
    return build_cell(description, discretise(shape, segment_rule(description)));
}

/// Trials that differ in their events and clamps, at times on and off the grid of steps.
inline std::vector<Trial> some_trials(const Cell& cell) {
    const auto sites = static_cast<int>(cell.site_segments.size());
    std::vector<Trial> trials(3);
    for (int k = 0; k < 40; ++k) {
        trials[0].events.push_back({1.0 + k * 0.731, k % sites});
        trials[1].events.push_back({5.0 + k * 0.4, sites + k % sites});
        trials[2].events.push_back({2.0 + k, (3 * k) % (2 * sites)});
    }
    trials[2].events.push_back({0.0, 1});
    trials[1].clamps.push_back({0, 0.2, 4, 10, 0, 0});
    trials[2].clamps.push_back({2, 0.3, 3, 0, 0.5, 4});
    trials[2].clamps.push_back({0, -0.1, 2, 20, 0, 0});
    return trials;
}

}  // namespace elm::cable
