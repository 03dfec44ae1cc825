#include "tasks/simulation/cell_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "neuron/cable/channels/channel.h"
#include "tasks/report/morphology_plot.h"

namespace elm {
namespace {

constexpr double most_samples = 10000;  // of a segment: bounds the memory
constexpr double no_colour = std::numeric_limits<double>::quiet_NaN();

}  // namespace

CellPicture::CellPicture(const cable::Cell& cell, const std::string& colours) : cell_(cell) {
    const std::string density = "density:";
    if (colours.starts_with(density)) {
        channel_ = colours.substr(density.size());
        cable::find_channel(channel_);
        return;
    }
    const std::size_t at = colours.find('@');
    const std::string word = colours.substr(0, at);
    ELM_CHECK(word == "voltage" || word == "calcium",
              "colours by '{}': expected voltage, calcium, voltage@MS, calcium@MS or "
              "density:CHANNEL.{}",
              colours, nearest_hint(word, {"voltage", "calcium", "density"}));
    if (word == "calcium") quantity_ = cable::Quantity::calcium;
    if (at == std::string::npos) return;
    const Value time = parse_value(colours.substr(at + 1));
    const auto* whole = std::get_if<std::int64_t>(&time);
    const auto* real = std::get_if<double>(&time);
    time_ms_ = whole != nullptr ? static_cast<double>(*whole) : real != nullptr ? *real : -1;
    ELM_CHECK(time_ms_ >= 0, "colours by '{}': expected a time in ms after @.", colours);
}

/// A rule spans powers of ten; where there is none of the channel, there is no colour.
std::vector<double> CellPicture::densities() const {
    std::vector<double> values(cell_.compartments.segments.size(), no_colour);
    for (const cable::ChannelDensity& density : cell_.channels) {
        for (std::size_t at = 0; at < values.size() && density.channel == channel_; ++at) {
            const double value = density.density_S_cm2[at];
            if (value > 0) values[at] = std::log10(value);
        }
    }
    return values;
}

/// Empty where the run was stopped.
std::vector<double> CellPicture::states(const cable::Trial& trial, cable::RunOptions run) const {
    ELM_CHECK(time_ms_ <= run.duration_ms, "colours at {} ms, which is past the end, {} ms.",
              time_ms_, run.duration_ms);
    std::vector<double> values(cell_.compartments.segments.size(), no_colour);
    run.probes.clear();
    if (time_ms_ >= 0) run.duration_ms = time_ms_;
    const double steps = std::round(run.duration_ms / run.dt_ms);
    // At a time: the start and the last step.
    const int every =
        static_cast<int>(std::max(1.0, time_ms_ >= 0 ? steps : std::ceil(steps / most_samples)));
    for (int segment = 0; segment < static_cast<int>(values.size()); ++segment) {
        run.probes.push_back({quantity_, segment, "", every});
    }
    if (run.duration_ms <= 0) run.duration_ms = run.dt_ms;
    const auto results = cable::simulate(cell_, {trial}, run);
    if (results.empty()) return {};
    for (std::size_t at = 0; at < values.size(); ++at) {
        if (quantity_ == cable::Quantity::calcium && cell_.calcium_decay_ms[at] <= 0) continue;
        const std::vector<float>& trace = results.front().recordings[at];
        const float value = time_ms_ < 0    ? *std::max_element(trace.begin(), trace.end())
                            : time_ms_ == 0 ? trace.front()
                                            : trace.back();
        values[at] = quantity_ == cable::Quantity::calcium ? 1000.0 * value : value;
    }
    return values;
}

void CellPicture::draw(const cable::Morphology& morphology, const cable::Trial& trial,
                       const cable::RunOptions& options, const std::string& path,
                       bool force) const {
    const std::vector<double> values = needs_run() ? states(trial, options) : densities();
    if (values.empty()) return;
    const std::string what = quantity_ == cable::Quantity::calcium ? "calcium" : "voltage";
    const std::string title = !needs_run() ? fmt::format("{}: {}", cell_.name, channel_)
                              : time_ms_ >= 0
                                  ? fmt::format("{}: {} at {} ms", cell_.name, what, time_ms_)
                                  : fmt::format("{}: highest {}", cell_.name, what);
    const std::string unit = !needs_run() ? "log10 of S/cm2" : what == "calcium" ? "uM" : "mV";
    draw_morphology(morphology, cell_.compartments, values, title, unit, path, force);
}

}  // namespace elm
