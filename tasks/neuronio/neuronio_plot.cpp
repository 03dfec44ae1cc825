#include "tasks/neuronio/neuronio_plot.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/simulation/plot_data.h"

namespace elm {
namespace {

constexpr double step_s = 0.001;

Panel raster_panel(const NeuronIoSimulation& simulation) {
    const SpikeTrain& input = simulation.input;
    RasterDecimator raster(input.n_units, input.n_steps, 0, step_s);
    raster.add(input, 0, input.n_steps);
    const std::int64_t half = input.n_units / 2;
    return {.y_label = simulation.name,
            .curves = {raster.curve(0, half, "excitatory", colour::excitation),
                       raster.curve(half, input.n_units, "inhibitory", colour::inhibition)},
            .x_range = {{0, static_cast<double>(input.n_steps) * step_s}},
            .y_range = {{0, static_cast<double>(input.n_units)}},
            .height = 0.8,
            .show_x_numbers = false,
            .key = raster_key};
}

/// The lowest panel over time says what its axis is.
Panel voltage_panel(const NeuronIoSimulation& simulation, const std::vector<double>& nexus,
                    bool lowest) {
    const double end_s = static_cast<double>(simulation.input.n_steps) * step_s;
    Panel panel{.x_label = lowest ? "time (s)" : "",
                .y_label = "voltage (mV)",
                .x_range = {{0, end_s}},
                .show_x_numbers = lowest,
                .key = key_above};
    const auto add = [&](const char* name, const std::vector<double>& values,
                         const std::string& hue) {
        TraceDecimator trace(std::ssize(values), 0, step_s);
        trace.add(values);
        panel.curves.push_back(trace.curve(name, hue));
    };
    add("soma", simulation.soma_voltage_mV, colour::of_place(0, 2));
    if (!nexus.empty()) add("nexus", nexus, colour::of_place(1, 2));
    Curve spikes{"output spikes", Mark::dots, colour::output_spike, {}, {}};
    for (const double time_ms : simulation.output_spike_times_ms) {
        spikes.x.push_back(time_ms * step_s);
        spikes.y.push_back(55);
    }
    if (!spikes.x.empty()) panel.curves.push_back(std::move(spikes));
    return panel;
}

/// How many simulations fire at how many Hz.
Panel rate_panel(const NeuronIoStatistics& statistics) {
    const double highest =
        *std::max_element(statistics.rates_hz.begin(), statistics.rates_hz.end());
    const double width = std::max(0.5, std::ceil(highest / 20 * 2) / 2);
    Curve bars{"", Mark::impulses, colour::plain, {}, {}};
    for (double from = 0; from <= highest; from += width) {
        const auto count =
            std::count_if(statistics.rates_hz.begin(), statistics.rates_hz.end(),
                          [&](double rate) { return rate >= from && rate < from + width; });
        bars.x.push_back(from + width / 2);
        bars.y.push_back(static_cast<double>(count));
    }
    return {.x_label = fmt::format("output rate (Hz), in bins of {} Hz", width),
            .y_label = "simulations",
            .curves = {std::move(bars)},
            .x_range = {{0, std::max(highest, width) + width}},
            .height = 0.6};
}

std::string title_of(const std::string& path, const NeuronIoStatistics& statistics) {
    const auto mean = [&](const char* name) { return statistics.row(name).mean; };
    return fmt::format(
        "{}: {} simulations, output {:.2f} Hz ({} silent), soma {:.1f} mV, input "
        "{:.0f} exc/s and {:.0f} inh/s",
        std::filesystem::path(path).filename().string(), statistics.simulations,
        mean("output rate"), statistics.silent, mean("soma voltage mean"), mean("exc input"),
        mean("inh input"));
}

}  // namespace

Figure neuronio_figure(const std::string& path, const NeuronIoStatistics& statistics,
                       std::int64_t shown) {
    const NeuronIoFile file(path);
    const Hdf5File raw = Hdf5File::open(path);
    Figure figure;
    figure.title = title_of(path, statistics);
    shown = std::min(shown, file.size());
    for (std::int64_t index = 0; index < shown; ++index) {
        const NeuronIoSimulation simulation = file.read(index);
        const std::string nexus = fmt::format("/{}/nexus_voltage_mV", simulation.name);
        figure.panels.push_back(raster_panel(simulation));
        figure.panels.push_back(voltage_panel(
            simulation, raw.has(nexus) ? raw.read<double>(nexus) : std::vector<double>{},
            index + 1 == shown));
    }
    if (statistics.simulations > 1) figure.panels.push_back(rate_panel(statistics));
    figure.height_px = 200 + 180 * static_cast<int>(figure.panels.size());
    return figure;
}

}  // namespace elm
