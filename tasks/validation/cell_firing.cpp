#include <algorithm>

#include <fmt/format.h>

#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/solver/cable_run.h"
#include "tasks/validation/cell_physics.h"
#include "tasks/validation/cell_reference.h"

namespace elm {

using namespace cable;

void check_layer5_firing(ValidationReport& report) {
    const Cell cell = load_cell("l5pc", std::nullopt);
    const int nexus = cell.nexus_segment;
    std::vector<Trial> trials;
    const std::vector<double> currents = {0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4};
    for (const double current : currents) {
        trials.push_back({{}, {{0, current, 100, 500, 0, 0}}});
    }
    // A pulse at the soma, a current like that of many synapses at the nexus, and both.
    const CurrentClamp pulse{0, 1.9, 295, 5, 0, 0}, distal{nexus, 0.5, 300, 0, 0.5, 5};
    trials.push_back({{}, {pulse}});
    trials.push_back({{}, {distal}});
    trials.push_back({{}, {pulse, distal}});
    RunOptions options;
    options.duration_ms = 620;
    options.probes = {{Quantity::voltage, 0, "", 4}, {Quantity::voltage, nexus, "", 4}};
    const auto seen = simulate(cell, trials, options);

    Curve rates{"", Mark::line, colour::plain, {}, {}};
    double most_fall = 0, before = 0;
    for (std::size_t i = 0; i < currents.size(); ++i) {
        const auto spikes =
            static_cast<double>(crossings(seen[i].recordings[0], 0.1, 0, -25).size());
        most_fall = std::max(most_fall, before - spikes);
        before = spikes;
        rates.x.push_back(currents[i]);
        rates.y.push_back(spikes / 0.5);
    }
    report.add({"firing", "spikes lost as the current rises", most_fall, 0, "", false,
                fmt::format("{:.0f} Hz at 1.4 nA", rates.y.back())});
    report.add({"firing", "spikes without current", rates.y.front(), 0, ""});
    report.add({"firing", "rate at 1 nA", rates.y[5], 5, "Hz", true});
    const auto peak = [&](std::size_t trial) {
        const auto& voltage = seen[trial].recordings[1];
        return static_cast<double>(*std::max_element(voltage.begin() + 2950, voltage.end()));
    };
    const std::size_t first = currents.size();
    report.add({"firing", "nexus with both inputs, its peak", peak(first + 2), -30, "mV", true});
    report.add(
        {"firing", "nexus with the distal input alone, its peak", peak(first + 1), -30, "mV"});
    Figure figure{"The built-in layer-5 cell", {}, true};
    figure.panels.push_back({"", "current (nA)", "rate (Hz)", {rates}});
    Panel coincidence{"pulse at the soma and current at the nexus", "time (ms)", "nexus (mV)"};
    const char* const titles[] = {"soma alone", "nexus alone", "both"};
    for (std::size_t k = 0; k < 3; ++k) {
        Curve curve{titles[k], Mark::line, colour::of_place(k, 3), {}, {}};
        for (std::size_t i = 2900; i < 4000; ++i) {
            curve.x.push_back(static_cast<double>(i) * 0.1);
            curve.y.push_back(static_cast<double>(seen[first + k].recordings[1][i]));
        }
        coincidence.curves.push_back(curve);
    }
    figure.panels.push_back(coincidence);
    report.figures.push_back({"firing", figure});
}

}  // namespace elm
