#include "tasks/simulation/cell_recording.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tasks/neuronio/neuronio_writer.h"

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

template <class Item>
void add_new(std::vector<Item>& items, const Item& item) {
    if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
}

/// Marks of synaptic events: dots at most 1500 columns wide.
Panel input_panel(const cable::Cell& cell, const cable::Trial& trial) {
    const double half = static_cast<double>(cell.site_segments.size());
    Curve excitation{"excitatory", Mark::dots, colour::excitation, {}, {}};
    Curve inhibition{"inhibitory", Mark::dots, colour::inhibition, {}, {}};
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

std::int64_t CellRecorder::values_in(double duration_ms) const {
    return std::llround(duration_ms / dt_ms_) / every_steps_ + 1;
}

double CellRecorder::bytes_of(double duration_ms) const {
    std::size_t places = 0;
    for (const CellProbe& probe : probes_) places += probe.segments.size();
    return static_cast<double>(places * sizeof(float)) *
           static_cast<double>(values_in(duration_ms));
}

CellSample::CellSample(const CellRecorder& recorder, std::string name, double duration_ms)
    : recorder_(recorder), name_(std::move(name)), duration_ms_(duration_ms) {}

std::string CellSample::path(const std::string& dataset) const {
    return fmt::format("/{}/{}", name_, dataset);
}

void CellSample::write_to(Hdf5File& file) {
    file_ = &file;
    const std::int64_t values = recorder_.values_in(duration_ms_);
    for (const CellProbe& probe : recorder_.chosen()) {
        const std::vector<std::int64_t> shape =
            probe.all ? std::vector<std::int64_t>{std::ssize(probe.segments), values}
                      : std::vector<std::int64_t>{values};
        file.make_filled(path(probe.name), shape, FileType::f32);
        file.set_attribute(path(probe.name), "unit", probe.unit);
    }
}

void CellSample::keep_traces() {
    const std::int64_t values = recorder_.values_in(duration_ms_);
    for (const CellProbe& probe : recorder_.chosen()) {
        traces_.push_back(probe.all ? TraceDecimator()
                                    : TraceDecimator(values, 0, recorder_.sample_ms() / 1000));
    }
}

void CellSample::add(const cable::TrialRecording& next) {
    const std::span<const std::vector<float>> parts = next.recordings;
    find_spikes(parts.front());
    std::size_t at = 1;
    for (std::size_t k = 0; k < recorder_.chosen().size(); ++k) {
        const CellProbe& probe = recorder_.chosen()[k];
        if (file_ != nullptr) write(probe, parts.subspan(at, probe.segments.size()));
        if (!traces_.empty() && !probe.all) traces_[k].add(drawn(parts[at], probe.unit));
        at += probe.segments.size();
    }
    if (at > 1) written_ += std::ssize(parts[1]);
}

/// A spike is seen once the sample after it is there.
void CellSample::find_spikes(std::span<const float> soma_mV) {
    soma_end_.insert(soma_end_.end(), soma_mV.begin(), soma_mV.end());
    const auto found = output_spike_times(soma_end_, recorder_.cell().spike_threshold_mV,
                                          recorder_.spike_sample_ms(), soma_first_);
    spikes_.insert(spikes_.end(), found.begin(), found.end());
    const std::ptrdiff_t old = std::max<std::ptrdiff_t>(0, std::ssize(soma_end_) - 2);
    soma_end_.erase(soma_end_.begin(), soma_end_.begin() + old);
    soma_first_ += old;
}

void CellSample::write(const CellProbe& probe, std::span<const std::vector<float>> values) {
    if (!probe.all) {
        file_->fill<float>(path(probe.name), written_, values.front());
        return;
    }
    std::vector<float> block;
    block.reserve(values.size() * values.front().size());
    for (const std::vector<float>& of_segment : values) {
        block.insert(block.end(), of_segment.begin(), of_segment.end());
    }
    file_->fill<float>(path(probe.name), written_, block);
}

void CellSample::finish() {
    if (file_ == nullptr) return;
    file_->write<double>(path("spike_time_ms"), {std::ssize(spikes_)}, spikes_, FileType::f64);
}

Figure CellSample::figure(const cable::Trial& trial) const {
    Figure figure;
    figure.title =
        fmt::format("{}, {}: {} output spikes", recorder_.cell().name, name_, spikes_.size());
    if (!trial.events.empty()) figure.panels.push_back(input_panel(recorder_.cell(), trial));
    // Probes of one unit share a panel; those of a whole cell are not drawn.
    const std::vector<CellProbe>& probes = recorder_.chosen();
    std::vector<std::string> units;
    std::vector<int> places{recorder_.cell().compartments.soma_segment()};
    for (const CellProbe& probe : probes) {
        if (probe.all) continue;
        add_new(units, probe.unit);
        add_new(places, probe.segments.front());
    }
    for (const std::string& unit : units) {
        Panel panel{.y_label = drawn_unit(unit), .height = unit == "mV" ? 1.3 : 0.9};
        panel.show_x_numbers = unit == units.back();
        std::vector<std::size_t> shown;
        std::vector<int> shown_places;
        for (std::size_t k = 0; k < probes.size(); ++k) {
            if (probes[k].all || probes[k].unit != unit) continue;
            shown.push_back(k);
            add_new(shown_places, probes[k].segments.front());
        }
        // A place has one colour in all panels, but for those that show several things of a place.
        const bool by_place = shown.size() == shown_places.size();
        for (std::size_t at = 0; at < shown.size(); ++at) {
            const CellProbe& probe = probes[shown[at]];
            const auto place = static_cast<std::size_t>(
                std::find(places.begin(), places.end(), probe.segments.front()) - places.begin());
            panel.curves.push_back(traces_[shown[at]].curve(
                probe.name, by_place ? colour::of_place(place, places.size())
                                     : colour::of_series(at, shown.size())));
        }
        figure.panels.push_back(std::move(panel));
    }
    for (Panel& panel : figure.panels) {
        panel.x_range = {{0, duration_ms_ / 1000}};
        panel.key = key_above;
    }
    if (!trial.events.empty()) figure.panels.front().key = raster_key;
    if (!figure.panels.empty()) figure.panels.back().x_label = "time (s)";
    return figure;
}

}  // namespace elm
