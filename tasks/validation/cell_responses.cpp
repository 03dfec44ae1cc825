#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/solver/cable_run.h"
#include "tasks/validation/cell_reference.h"

namespace elm {
namespace {

using namespace cable;

constexpr const char* family = "responses";

/// Rule that a protocol must keep.
enum class Rule { subthreshold, spikes, near_a_fork };

/// One protocol of l5pc_responses.h5: its input, where it is read, and how close we must be.
struct Protocol {
    std::string name;
    Trial trial;
    double start_ms = 0, end_ms = 0;
    std::string second;  // name of the second site in the file; empty: none
    int second_segment = -1;
    Rule rule = Rule::subthreshold;
    double allowed_shift_ms = 0;  // mean, of a spike
};

Protocol protocol_of(const Hdf5File& file, const Cell& cell, const std::string& name) {
    const auto number = [&](const char* attribute) {
        return file.number_attribute(name, attribute);
    };
    const auto sites = static_cast<int>(cell.site_segments.size());
    Protocol protocol;
    protocol.name = name;
    protocol.start_ms = number("t_start_ms");
    protocol.end_ms = number("T_ms");
    const char kind = name.front();
    if (kind == 'a' || kind == 'b' || kind == 'f') {
        protocol.second = "nexus";
        protocol.second_segment = cell.nexus_segment;
    }
    if (kind == 'b') {
        protocol.trial.clamps.push_back(
            {0, number("amp_nA"), number("onset_ms"), number("dur_ms"), 0, 0});
        if (name != "b_step_300pA") protocol.rule = Rule::near_a_fork;
    }
    if (kind == 'c') {
        protocol.second = "local";
        protocol.second_segment = static_cast<int>(number("segment"));
        const int channel = static_cast<int>(number("neuronio_synapse"));
        protocol.trial.events.push_back(
            {number("event_ms"), name.starts_with("c_inh") ? sites + channel : channel});
    }
    if (kind == 'd') {
        protocol.second = "local";
        protocol.second_segment = static_cast<int>(number("recorded_segment"));
        const bool basal = name.starts_with("d_nmda_basal");
        const int first = basal ? 4 : 387, events = name.ends_with("_4") ? 4 : 12;
        for (int event = 0; event < events; ++event) {
            for (int k = 0; k < 5; ++k) {
                protocol.trial.events.push_back({400.0 + 2 * event, first + k});
            }
        }
        if (!basal) {
            protocol.rule = Rule::spikes;
            protocol.allowed_shift_ms = 0.036;
        }
    }
    if (kind == 'e') {
        protocol.second = "apic620";
        protocol.second_segment = static_cast<int>(number("epsp_segment"));
        if (number("epsp_imax_nA") > 0) {
            protocol.trial.clamps.push_back({protocol.second_segment, number("epsp_imax_nA"),
                                             number("epsp_onset_ms"), 0, number("epsp_tau0_ms"),
                                             number("epsp_tau1_ms")});
        }
        if (number("soma_amp_nA") > 0) {
            protocol.trial.clamps.push_back(
                {0, number("soma_amp_nA"), number("soma_onset_ms"), number("soma_dur_ms"), 0, 0});
        }
        if (name == "e_bac") protocol.allowed_shift_ms = 0.052;
        // The figure of NEURON's backward Euler: its Crank-Nicolson was not recorded.
        if (name == "e_caburst") protocol.allowed_shift_ms = 0.233;
        protocol.rule = name == "e_epsp"  ? Rule::subthreshold
                        : name == "e_bap" ? Rule::near_a_fork
                                          : Rule::spikes;
    }
    if (kind == 'f') {
        const auto channels = file.read<std::int32_t>(name + "/input_synapse");
        const auto times = file.read<std::int32_t>(name + "/input_time_ms");
        for (std::size_t i = 0; i < channels.size(); ++i) {
            protocol.trial.events.push_back({static_cast<double>(times[i]), channels[i]});
        }
        protocol.rule = Rule::spikes;
        // Mean shifts of NEURON's Crank-Nicolson at 0.025 ms.
        protocol.allowed_shift_ms = name.back() == '0' ? 0.125 : name.back() == '1' ? 0.281 : 0.042;
    }
    return protocol;
}

std::vector<double> stretch(const std::vector<float>& trace, double start_ms, double end_ms) {
    const auto first = static_cast<long>(std::lround(start_ms * 10));
    const auto last = static_cast<long>(std::lround(end_ms * 10));
    return {trace.begin() + first, trace.begin() + std::min<long>(last + 1, std::ssize(trace))};
}

void compare_traces(ValidationReport& report, const Protocol& protocol, const char* site,
                    const std::vector<double>& ours, const std::vector<double>& reference,
                    const std::vector<double>& fixed, const std::string& arithmetic) {
    // What the recordings hold, two units in the last place of float32 at 80 mV; and how far a
    // float32 state drifts where changes are below its last place.
    const double stored_mV = arithmetic.empty() ? 3e-4 : 1.6e-5;
    const double rms = rms_difference(ours, reference), most = largest_difference(ours, reference);
    const double fixed_rms = rms_difference(fixed, reference);
    const double fixed_most = largest_difference(fixed, reference);
    report.add({family, fmt::format("{} {} RMS{}", protocol.name, site, arithmetic), rms,
                fixed_rms + stored_mV, "mV", false,
                fmt::format("NEURON, fixed step: {:.2g}", fixed_rms)});
    report.add({family, fmt::format("{} {} largest{}", protocol.name, site, arithmetic), most,
                fixed_most + stored_mV, "mV", false,
                fmt::format("NEURON, fixed step: {:.2g}", fixed_most)});
}

double mean_shift(const std::vector<double>& ours, const std::vector<double>& theirs) {
    double sum = 0;
    const std::size_t count = std::min(ours.size(), theirs.size());
    for (std::size_t i = 0; i < count; ++i) sum += std::abs(ours[i] - theirs[i]);
    return count == 0 ? 0 : sum / static_cast<double>(count);
}

Curve curve_of(const char* title, Mark mark, const char* colour, double start_ms,
               const std::vector<double>& values) {
    Curve curve{title, mark, colour, {}, values};
    for (std::size_t i = 0; i < values.size(); ++i) {
        curve.x.push_back(start_ms + 0.1 * static_cast<double>(i));
    }
    return curve;
}

/// All protocols with one arithmetic and time step; each trial's two traces, every 0.1 ms.
std::vector<TrialRecording> run_all(const Cell& cell, const std::vector<Protocol>& protocols,
                                    DType precision, double dt_ms, std::vector<Probe>& probes) {
    std::vector<Trial> trials;
    RunOptions options;
    options.dt_ms = dt_ms;
    options.precision = precision;
    const int every = static_cast<int>(std::lround(0.1 / dt_ms));
    probes = {{Quantity::voltage, 0, "", every}};
    for (const Protocol& protocol : protocols) {
        trials.push_back(protocol.trial);
        options.duration_ms = std::max(options.duration_ms, protocol.end_ms);
        probes.push_back({Quantity::voltage, protocol.second_segment, "", every});
    }
    options.probes = probes;
    return simulate(cell, trials, options);
}

}  // namespace

void check_responses(ValidationReport& report, const std::string& folder, bool full) {
    const std::string path = folder + "/l5pc_responses.h5";
    const std::string shape = folder + "/l5pc_morphology.asc";
    if (!has_reference_files(report, family, folder,
                             {"l5pc_responses.h5", "l5pc_morphology.asc"})) {
        return;
    }
    const Cell cell = load_cell("l5pc", shape);
    const Hdf5File file = Hdf5File::open(path);
    std::vector<Protocol> protocols;
    for (const std::string& name : file.links("/")) {
        if (name != "c_control" && name.front() >= 'a' && name.front() <= 'f') {
            protocols.push_back(protocol_of(file, cell, name));
        }
    }
    for (const DType precision : {DType::f32, DType::f64}) {
        const bool exact = precision == DType::f64;
        if (exact && !full) continue;
        const std::string arithmetic = exact ? ", float64" : "";
        std::vector<Probe> probes;
        const auto seen = run_all(cell, protocols, precision, 0.025, probes);
        for (std::size_t i = 0; i < protocols.size(); ++i) {
            const Protocol& protocol = protocols[i];
            const auto read = [&](const std::string& data) {
                return file.read<double>(protocol.name + "/" + data);
            };
            const auto soma = stretch(seen[i].recordings[0], protocol.start_ms, protocol.end_ms);
            const auto second =
                stretch(seen[i].recordings[i + 1], protocol.start_ms, protocol.end_ms);
            const auto reference = read("soma_v_ref");
            if (protocol.rule == Rule::subthreshold) {
                compare_traces(report, protocol, "soma", soma, reference, read("soma_v_be025"),
                               arithmetic);
                compare_traces(report, protocol, protocol.second.c_str(), second,
                               read(protocol.second + "_v_ref"), read(protocol.second + "_v_be025"),
                               arithmetic);
                continue;
            }
            const auto ours = crossings(soma, 0.1, protocol.start_ms, -25);
            const auto theirs = crossings(reference, 0.1, protocol.start_ms, -25);
            const double shift = mean_shift(ours, theirs);
            if (protocol.rule == Rule::spikes) {
                report.add({family,
                            fmt::format("{} spikes missing or extra{}", protocol.name, arithmetic),
                            std::abs(static_cast<double>(ours.size()) -
                                     static_cast<double>(theirs.size())),
                            0, "", false, fmt::format("of {}", theirs.size())});
                report.add({family,
                            fmt::format("{} mean shift of a spike{}", protocol.name, arithmetic),
                            shift,
                            // Rounding of float32 states moves spikes by 0.015 ms at most in runs
                            // of such a solver, beside what the scheme does.
                            protocol.allowed_shift_ms + (exact ? 0 : 0.015), "ms"});
            }
            if (exact) continue;
            Figure figure{fmt::format("{}: NEURON and elmsim", protocol.name), {}};
            Panel panel{"", "time (ms)", "soma (mV)"};
            panel.curves = {
                curve_of("NEURON, tight tolerance", Mark::thick_line, colour::target,
                         protocol.start_ms, reference),
                curve_of("elmsim", Mark::line, colour::prediction, protocol.start_ms, soma)};
            figure.panels.push_back(panel);
            report.figures.push_back({family, figure});
        }
    }
    if (!full) return;
    // Near a fork of the dynamics one time step says little: the spikes must come to their places
    // as the step is halved.
    std::vector<Protocol> forks;
    std::copy_if(protocols.begin(), protocols.end(), std::back_inserter(forks),
                 [](const Protocol& protocol) { return protocol.rule == Rule::near_a_fork; });
    std::map<double, std::vector<TrialRecording>> runs;
    std::vector<Probe> probes;
    for (const double dt : {0.025, 0.00625})
        runs[dt] = run_all(cell, forks, DType::f64, dt, probes);
    for (std::size_t i = 0; i < forks.size(); ++i) {
        const auto reference = crossings(file.read<double>(forks[i].name + "/soma_v_ref"), 0.1,
                                         forks[i].start_ms, -25);
        const auto shift = [&](double dt) {
            const auto trace =
                stretch(runs[dt][i].recordings[0], forks[i].start_ms, forks[i].end_ms);
            const auto ours = crossings(trace, 0.1, forks[i].start_ms, -25);
            return ours.size() == reference.size() ? mean_shift(ours, reference) : INFINITY;
        };
        const double coarse = shift(0.025);
        report.add({family, fmt::format("{} mean shift of a spike, dt 0.00625 ms", forks[i].name),
                    shift(0.00625), std::isfinite(coarse) ? std::max(0.02, coarse / 4) : 0.5, "ms",
                    false, fmt::format("{:.3g} ms at 0.025 ms", coarse)});
    }
}

}  // namespace elm
