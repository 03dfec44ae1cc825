#include "tasks/simulation/cell_recording.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tasks/neuronio/neuronio_writer.h"
#include "tasks/simulation/plot_data.h"

namespace elm {
namespace {

/// Steps between the samples in which output spikes are looked for: 1/8 ms as in the published
/// data, or one step where that is no multiple of it.
int steps_between_spike_samples(double dt_ms) {
    const double steps = 1.0 / samples_per_ms / dt_ms;
    const bool whole = steps >= 1 && std::abs(steps - std::round(steps)) < 1e-9 * steps;
    return whole ? static_cast<int>(std::lround(steps)) : 1;
}

/// Calcium of a cell is a fraction of a thousandth of its unit: it is drawn in another.
const char* drawn_unit(const std::string& unit) { return unit == "mM" ? "uM" : unit.c_str(); }

std::vector<double> drawn(const std::vector<float>& values, const std::string& unit) {
    std::vector<double> out;
    for (const float value : values) out.push_back((unit == "mM" ? 1000.0 : 1.0) * value);
    return out;
}

/// Marks of synaptic events: dots at most 1500 columns wide.
Panel input_panel(const cable::Cell& cell, const cable::Trial& trial) {
    const double half = static_cast<double>(cell.site_segments.size());
    Curve excitation{"excitatory", Mark::dots, colour::vermilion, {}, {}};
    Curve inhibition{"inhibitory", Mark::dots, colour::blue, {}, {}};
    constexpr std::size_t most_marks = 60000;
    const std::size_t stride = trial.events.size() / most_marks + 1;
    for (std::size_t at = 0; at < trial.events.size(); at += stride) {
        const cable::SynapticEvent& event = trial.events[at];
        Curve& curve = event.channel < half ? excitation : inhibition;
        curve.x.push_back(event.time_ms / 1000);
        curve.y.push_back(event.channel);
    }
    Panel panel{.y_label = "input", .height = 0.9, .show_x_numbers = false};
    for (Curve* curve : {&excitation, &inhibition}) {
        if (!curve->x.empty()) panel.curves.push_back(std::move(*curve));
    }
    panel.y_range = {{0, 2 * half}};
    return panel;
}

}  // namespace

CellRecorder::CellRecorder(const cable::Cell& cell, std::vector<CellProbe> probes, double dt_ms,
                           int every_steps)
    : cell_(cell),
      probes_(std::move(probes)),
      dt_ms_(dt_ms),
      every_steps_(every_steps),
      spike_steps_(steps_between_spike_samples(dt_ms)) {}

std::vector<cable::Probe> CellRecorder::probes() const {
    std::vector<cable::Probe> all{
        {cable::Quantity::voltage, cell_.compartments.soma_segment(), "", spike_steps_}};
    for (const CellProbe& probe : probes_) {
        for (const int segment : probe.segments) {
            all.push_back({probe.quantity, segment, probe.channel, every_steps_});
        }
    }
    return all;
}

std::vector<double> CellRecorder::spike_times(const cable::TrialRecording& recording) const {
    return output_spike_times(recording.recordings.front(), cell_.spike_threshold_mV,
                              dt_ms_ * spike_steps_);
}

void CellRecorder::write(Hdf5File& file, const std::string& sample,
                         const cable::TrialRecording& recording) const {
    std::size_t at = 1;
    for (const CellProbe& probe : probes_) {
        std::vector<float> values;
        const auto samples = std::ssize(recording.recordings[at]);
        for (std::size_t k = 0; k < probe.segments.size(); ++k, ++at) {
            const auto& trace = recording.recordings[at];
            values.insert(values.end(), trace.begin(), trace.end());
        }
        const std::vector<std::int64_t> shape =
            probe.all ? std::vector<std::int64_t>{std::ssize(probe.segments), samples}
                      : std::vector<std::int64_t>{samples};
        const std::string path = fmt::format("/{}/{}", sample, probe.name);
        file.write<float>(path, shape, values, FileType::f32);
        file.set_attribute(path, "unit", probe.unit);
    }
    const std::vector<double> spikes = spike_times(recording);
    file.write<double>(fmt::format("/{}/spike_time_ms", sample), {std::ssize(spikes)}, spikes,
                       FileType::f64);
}

Figure CellRecorder::figure(const std::string& title, const cable::Trial& trial, double duration_ms,
                            const cable::TrialRecording& recording) const {
    Figure figure;
    const std::vector<double> spikes = spike_times(recording);
    figure.title = fmt::format("{}: {} output spikes", title, spikes.size());
    if (!trial.events.empty()) figure.panels.push_back(input_panel(cell_, trial));
    // Probes of one unit share a panel; those of a whole cell are not drawn.
    std::vector<std::string> units;
    std::size_t shown = 0;
    for (const CellProbe& probe : probes_) {
        if (probe.all) continue;
        ++shown;
        if (std::find(units.begin(), units.end(), probe.unit) == units.end()) {
            units.push_back(probe.unit);
        }
    }
    std::size_t colour_at = 0;
    for (const std::string& unit : units) {
        Panel panel{.y_label = drawn_unit(unit), .height = unit == "mV" ? 1.3 : 0.9};
        panel.show_x_numbers = unit == units.back();
        std::size_t at = 1;
        for (const CellProbe& probe : probes_) {
            if (!probe.all && probe.unit == unit) {
                const std::vector<double> values = drawn(recording.recordings[at], unit);
                TraceDecimator trace(std::ssize(values), 0, sample_ms() / 1000);
                trace.add(values);
                panel.curves.push_back(
                    trace.curve(probe.name, colour::of_series(colour_at++, shown)));
            }
            at += probe.segments.size();
        }
        figure.panels.push_back(std::move(panel));
    }
    for (Panel& panel : figure.panels) {
        panel.x_range = {{0, duration_ms / 1000}};
        panel.key = key_above;
    }
    if (!figure.panels.empty()) figure.panels.back().x_label = "time (s)";
    return figure;
}

}  // namespace elm
