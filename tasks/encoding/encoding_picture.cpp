#include "tasks/encoding/encoding_picture.h"

#include <algorithm>

#include <fmt/format.h>

#include "tasks/encoding/spectrogram.h"
#include "tasks/simulation/plot_data.h"

namespace elm {
namespace {

constexpr std::int64_t most_traces = 8;

/// Channels of values (steps, channels), one curve each.
std::vector<Curve> traces(const std::vector<float>& values, std::int64_t n_steps,
                          std::int64_t n_channels, double step_ms) {
    std::vector<Curve> curves;
    const std::int64_t drawn = std::min(n_channels, most_traces);
    for (std::int64_t channel = 0; channel < drawn; ++channel) {
        TraceDecimator trace(n_steps, 0, step_ms / 1000);
        std::vector<double> column;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            column.push_back(values[static_cast<std::size_t>(step * n_channels + channel)]);
        }
        trace.add(column);
        curves.push_back(trace.curve("", colour::of_series(static_cast<std::size_t>(channel),
                                                           static_cast<std::size_t>(drawn))));
    }
    return curves;
}

}  // namespace

Figure encoding_figure(const EncodedFile& file, const EncodingPlan& plan) {
    const Signal& signal = file.signal;
    const Encoding& encoding = file.encoding;
    const std::pair<double, double> seconds{0, file.duration_s()};
    Figure figure{.title = fmt::format("{} by {}", file.name, plan.encoder->name), .panels = {}};
    if (file.is_sound || plan.encoder->reads == SignalKind::sound) {
        HeatMap map = spectrogram(signal);
        const auto frequencies = map.y_range;
        figure.panels.push_back({.y_label = "frequency (Hz)",
                                 .heat_map = std::move(map),
                                 .x_range = seconds,
                                 .y_range = frequencies,
                                 .height = 0.6,
                                 .show_x_numbers = false});
    } else if (signal.n_steps > 1 && signal.n_channels <= most_traces) {
        figure.panels.push_back(
            {.y_label = "signal",
             .curves = traces(signal.values, signal.n_steps, signal.n_channels,
                              signal.step_ms * file.duration_s() * 1000 / signal.duration_ms()),
             .x_range = seconds,
             .height = 0.5,
             .show_x_numbers = false});
    }
    Panel output{.x_label = "time (s)", .x_range = seconds};
    if (encoding.values.empty()) {
        RasterDecimator raster(encoding.n_units, encoding.n_steps, 0, encoding.step_ms / 1000);
        raster.add(encoding.train(), 0, encoding.n_steps);
        output.y_label = "unit";
        output.y_range = {{-0.5, static_cast<double>(encoding.n_units) - 0.5}};
        output.curves.push_back(raster.curve(0, encoding.n_units, "", colour::plain));
    } else {
        output.y_label = "value";
        output.curves =
            traces(encoding.values, encoding.n_steps, encoding.n_units, encoding.step_ms);
    }
    figure.panels.push_back(std::move(output));
    return figure;
}

}  // namespace elm
