#include "tasks/validation/cell_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/solver/cable_exact.h"
#include "tasks/neuronio/neuronio_writer.h"
#include "tasks/validation/l5pc_reference.h"

namespace elm {
namespace {

using namespace cable;

constexpr const char* geometry_file = "l5pc_geometry.h5";
constexpr const char* responses_file = "l5pc_responses.h5";
constexpr const char* morphology_file = "l5pc_morphology.asc";
constexpr const char* neuronio_file = "neuronio_test.h5";

/// Largest |ours / theirs - 1| of what is not 0 or NaN in the file, infinity where only one is 0.
double largest_ratio(const std::vector<double>& ours, const std::vector<double>& theirs) {
    if (ours.size() != theirs.size()) return std::numeric_limits<double>::infinity();
    double worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (std::isnan(theirs[i]) || (theirs[i] == 0 && ours[i] == 0)) continue;
        const double off = theirs[i] == 0 ? std::numeric_limits<double>::infinity()
                                          : std::abs(ours[i] / theirs[i] - 1);
        worst = worse(worst, off);
    }
    return worst;
}

Trial stored_input(const Hdf5File& file, const std::string& group) {
    Trial trial;
    const auto channels = file.read<std::int32_t>(group + "/input_synapse");
    const auto times = file.read<std::int32_t>(group + "/input_time_ms");
    for (std::size_t i = 0; i < channels.size(); ++i) {
        trial.events.push_back({static_cast<double>(times[i]), channels[i]});
    }
    return trial;
}

}  // namespace

bool has_reference_files(ValidationReport& report, const char* family, const std::string& folder,
                         std::initializer_list<const char*> names) {
    for (const char* const name : names) {
        if (folder.empty()) {
            report.skipped.push_back(fmt::format("{}: no folder of reference data", family));
            return false;
        }
        if (!std::filesystem::exists(folder + "/" + name)) {
            report.skipped.push_back(fmt::format("{}: {} has no {}", family, folder, name));
            return false;
        }
    }
    return true;
}

void check_geometry(ValidationReport& report, const std::string& folder) {
    constexpr const char* family = "geometry";
    if (!has_reference_files(report, family, folder, {geometry_file, morphology_file})) return;
    const Cell theirs = cell_from_geometry(folder + "/" + geometry_file);
    const CellDescription description = load_cell_description("l5pc");
    // NEURON keeps points in float32.
    const Morphology shape =
        rounded_to_float(load_cell_morphology(description, folder + "/" + morphology_file));
    const Cell ours = build_cell(description, discretise(shape, segment_rule(description)));
    const auto of_segments = [](const Cell& cell, double Segment::*value) {
        std::vector<double> values;
        for (const Segment& segment : cell.compartments.segments) values.push_back(segment.*value);
        return values;
    };
    const auto compare = [&](const char* name, const std::vector<double>& a,
                             const std::vector<double>& b, double allowed) {
        report.add({family, fmt::format("{}, relative", name), largest_ratio(a, b), allowed, ""});
    };
    report.add({family, "segments missing or extra",
                std::abs(static_cast<double>(ours.compartments.segments.size()) -
                         static_cast<double>(theirs.compartments.segments.size())),
                0, ""});
    // float32 points: a unit in the last place is 6e-8 of a coordinate, frusta are shorter.
    compare("areas", of_segments(ours, &Segment::area_um2), of_segments(theirs, &Segment::area_um2),
            1e-6);
    compare("diameters", of_segments(ours, &Segment::diameter_um),
            of_segments(theirs, &Segment::diameter_um), 1e-6);
    compare("distances", of_segments(ours, &Segment::distance_um),
            of_segments(theirs, &Segment::distance_um), 1e-6);
    const auto resistances = [](const Cell& cell) {
        std::vector<double> values;
        for (const Node& node : cell.compartments.nodes) {
            values.push_back(node.resistance_to_parent_Mohm);
        }
        return values;
    };
    compare("axial resistances", resistances(ours), resistances(theirs), 1e-6);
    for (const ChannelDensity& channel : theirs.channels) {
        const auto own = std::find_if(
            ours.channels.begin(), ours.channels.end(),
            [&](const ChannelDensity& other) { return other.channel == channel.channel; });
        compare(channel.channel.c_str(),
                own == ours.channels.end() ? std::vector<double>{} : own->density_S_cm2,
                channel.density_S_cm2, 1e-12);
    }
    compare("leak", ours.leak_S_cm2, theirs.leak_S_cm2, 1e-12);
    compare("capacitance", ours.capacitance_uF_cm2, theirs.capacitance_uF_cm2, 1e-12);
    compare("calcium gamma", ours.calcium_gamma, theirs.calcium_gamma, 1e-12);
    compare("calcium decay", ours.calcium_decay_ms, theirs.calcium_decay_ms, 1e-12);
    report.add({family, "places of synapses that differ",
                ours.site_segments == theirs.site_segments ? 0.0 : 1.0, 0, ""});
    report.add({family, "segments between the two nexus sites",
                std::abs(ours.nexus_segment - theirs.nexus_segment) * 1.0, 0, ""});
}

void check_exact_state(ValidationReport& report, const std::string& folder) {
    constexpr const char* family = "exact state";
    if (!has_reference_files(report, family, folder, {geometry_file, responses_file})) return;
    const Cell cell = cell_from_geometry(folder + "/" + geometry_file);
    const Hdf5File file = Hdf5File::open(folder + "/" + responses_file);
    const Trial input = stored_input(file, "f_neuronio_0");
    // In the order of state_names in the file; the last is calcium.
    constexpr std::array<std::pair<const char*, int>, 18> gates{{{"Ih", 0},
                                                                 {"Im", 0},
                                                                 {"Ca_LVAst", 0},
                                                                 {"Ca_LVAst", 1},
                                                                 {"Ca_HVA", 0},
                                                                 {"Ca_HVA", 1},
                                                                 {"SK_E2", 0},
                                                                 {"SKv3_1", 0},
                                                                 {"NaTs2_t", 0},
                                                                 {"NaTs2_t", 1},
                                                                 {"NaTa_t", 0},
                                                                 {"NaTa_t", 1},
                                                                 {"Nap_Et2", 0},
                                                                 {"Nap_Et2", 1},
                                                                 {"K_Tst", 0},
                                                                 {"K_Tst", 1},
                                                                 {"K_Pst", 0},
                                                                 {"K_Pst", 1}}};
    const auto steps = file.read<std::int64_t>("g_exact_state/steps");
    const std::size_t segments = cell.compartments.segments.size();
    for (const bool euler : {true, false}) {
        const char* const run = euler ? "be" : "cn";
        const auto voltages = file.read<double>(fmt::format("g_exact_state/segment_v_{}", run));
        const auto states = file.read<double>(fmt::format("g_exact_state/segment_state_{}", run));
        RunOptions options;
        options.scheme = euler ? Scheme::backward_euler : Scheme::crank_nicolson;
        options.half_step_events = false;
        options.precision = DType::f64;
        const CablePlan plan = make_plan(cell, options);
        ExactCell exact(plan, input, 0);
        double worst_state = 0, worst_calcium = 0;
        for (std::size_t k = 0; k < steps.size(); ++k) {
            while (exact.steps_done() < steps[k]) exact.step();
            double worst = 0;
            for (std::size_t s = 0; s < segments; ++s) {
                const auto segment = static_cast<int>(s);
                worst = worse(worst, std::abs(exact.voltage(plan.segment_nodes[s]) -
                                              voltages[k * segments + s]));
                for (std::size_t g = 0; g <= gates.size(); ++g) {
                    const double theirs = states[(k * (gates.size() + 1) + g) * segments + s];
                    if (std::isnan(theirs)) continue;
                    if (g == gates.size()) {
                        const double ours = plan.read(
                            {Quantity::calcium, segment, "", 1}, -1, 0,
                            [&](int at) { return exact.state()[static_cast<std::size_t>(at)]; });
                        worst_calcium = worse(worst_calcium, std::abs(ours - theirs));
                        continue;
                    }
                    const int at =
                        plan.gate_state(segment, find_channel(gates[g].first), gates[g].second);
                    const double ours = at < 0 ? std::numeric_limits<double>::infinity()
                                               : exact.state()[static_cast<std::size_t>(at)];
                    worst_state = worse(worst_state, std::abs(ours - theirs));
                }
            }
            report.add({family,
                        fmt::format("voltage, {}, step {}",
                                    euler ? "backward Euler" : "Crank-Nicolson", steps[k]),
                        worst, 1e-9, "mV"});
        }
        const char* const scheme = euler ? "backward Euler" : "Crank-Nicolson";
        report.add({family, fmt::format("gates, {}, all steps", scheme), worst_state, 1e-10, ""});
        report.add(
            {family, fmt::format("calcium, {}, all steps", scheme), worst_calcium, 1e-12, "mM"});
    }
}

void check_neuronio(ValidationReport& report, const std::string& folder) {
    constexpr const char* family = "recorded spikes";
    if (!has_reference_files(report, family, folder, {neuronio_file, morphology_file})) return;
    const Cell cell = load_cell("l5pc", folder + "/" + morphology_file);
    const Hdf5File file = Hdf5File::open(folder + "/" + neuronio_file);
    constexpr int simulations = 16, ms = 6000;
    std::vector<Trial> trials;
    for (int i = 0; i < simulations; ++i) {
        trials.push_back(stored_input(file, fmt::format("sim_{:05d}", i)));
    }
    RunOptions options;
    options.duration_ms = ms;
    options.probes = {{Quantity::voltage, 0, "", 5},
                      {Quantity::voltage, cell.nexus_segment, "", 40}};
    const auto seen = simulate(cell, trials, options);
    int total = 0, matched = 0, extra = 0;
    std::vector<double> shifts, soma_rms, nexus_rms;
    for (int i = 0; i < simulations; ++i) {
        const std::string group = fmt::format("sim_{:05d}/", i);
        const auto& recordings = seen[static_cast<std::size_t>(i)].recordings;
        const std::vector<double> ours = output_spike_times(std::span(recordings[0]).first(ms * 8),
                                                            cell.spike_threshold_mV, 0.125);
        const auto theirs = file.read<double>(group + "output_spike_time_ms");
        std::vector<bool> taken(ours.size());
        total += static_cast<int>(theirs.size());
        for (const double time : theirs) {
            std::size_t best = ours.size();
            for (std::size_t k = 0; k < ours.size(); ++k) {
                if (taken[k] || std::abs(ours[k] - time) > 2) continue;
                if (best == ours.size() || std::abs(ours[k] - time) < std::abs(ours[best] - time)) {
                    best = k;
                }
            }
            if (best == ours.size()) continue;
            taken[best] = true;
            ++matched;
            shifts.push_back(std::abs(ours[best] - time));
        }
        extra += static_cast<int>(std::count(taken.begin(), taken.end(), false));
        const auto soma = file.read<double>(group + "soma_voltage_mV");
        const auto nexus = file.read<double>(group + "nexus_voltage_mV");
        std::vector<double> own, clipped;
        for (std::size_t t = 0; t < ms; ++t) {
            own.push_back(std::min(static_cast<double>(recordings[0][8 * t]), -55.0));
            clipped.push_back(std::min(soma[t], -55.0));
        }
        soma_rms.push_back(rms_difference(own, clipped));
        nexus_rms.push_back(
            rms_difference({recordings[1].begin(), recordings[1].begin() + ms}, nexus));
    }
    const auto median = [](std::vector<double> values) {
        if (values.empty()) return std::numeric_limits<double>::infinity();
        std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                         values.end());
        return values[values.size() / 2];
    };
    report.add({family, fmt::format("of {} spikes, found within 2 ms", total),
                static_cast<double>(matched), 155, "", true});
    report.add({family, "spikes of ours that NEURON has not", static_cast<double>(extra), 0, ""});
    // Two samples of the grid on which both files find their spikes.
    report.add({family, "median shift of a spike", median(shifts), 0.25, "ms"});
    // The recordings' own integrator is off by 0.03 to 1 mV in such runs.
    report.add({family, "soma cut at -55 mV, median RMS", median(soma_rms), 0.1, "mV"});
    report.add({family, "nexus, median RMS", median(nexus_rms), 0.1, "mV"});
}

}  // namespace elm
