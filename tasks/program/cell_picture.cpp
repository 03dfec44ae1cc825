#include "tasks/program/cell_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/check.h"
#include "neuron/cable/channels/channel.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/interrupt.h"
#include "tasks/report/morphology_plot.h"
#include "tasks/report/plot.h"

namespace elm {
namespace {

constexpr double most_samples = 10000;  // of a segment: bounds the memory

}  // namespace

CellPicture::CellPicture(const Arguments& arguments, const cable::Cell& cell)
    : arguments_(arguments), cell_(cell) {
    require_plot_place(arguments.text("plot-morphology"), arguments.has("force"));
    const std::string text = arguments.text("colour-by");
    const std::string density = "density:";
    if (text.starts_with(density)) {
        channel_ = text.substr(density.size());
        with_context("reading --colour-by", [&] { cable::find_channel(channel_); });
        return;
    }
    const std::size_t at = text.find('@');
    const std::string word = text.substr(0, at);
    ELM_CHECK(word == "voltage" || word == "calcium",
              "--colour-by {}: expected voltage, calcium, voltage@MS, calcium@MS or "
              "density:CHANNEL.{}",
              text, nearest_hint(word, {"voltage", "calcium", "density"}));
    if (word == "calcium") quantity_ = cable::Quantity::calcium;
    if (at == std::string::npos) return;
    const Value time = parse_value(text.substr(at + 1));
    const auto* whole = std::get_if<std::int64_t>(&time);
    const auto* real = std::get_if<double>(&time);
    time_ms_ = whole != nullptr ? static_cast<double>(*whole) : real != nullptr ? *real : -1;
    ELM_CHECK(time_ms_ >= 0, "--colour-by {}: expected a time in ms after @.", text);
}

std::vector<double> CellPicture::colours(const cable::Trial& trial,
                                         const cable::RunOptions& options) const {
    const std::size_t count = cell_.compartments.segments.size();
    std::vector<double> values(count, std::numeric_limits<double>::quiet_NaN());
    if (!needs_run()) {
        // A rule spans powers of ten; where there is none of the channel, there is no colour.
        for (const cable::ChannelDensity& density : cell_.channels) {
            for (std::size_t at = 0; at < count && density.channel == channel_; ++at) {
                const double value = density.density_S_cm2[at];
                if (value > 0) values[at] = std::log10(value);
            }
        }
        return values;
    }
    ELM_CHECK(time_ms_ <= options.duration_ms, "--colour-by: {} ms is past the end, {} ms.",
              time_ms_, options.duration_ms);
    cable::RunOptions run = options;
    run.probes.clear();
    if (time_ms_ >= 0) run.duration_ms = time_ms_;
    const double steps = std::round(run.duration_ms / run.dt_ms);
    // At a time: the start and the last step.
    const int every =
        static_cast<int>(std::max(1.0, time_ms_ >= 0 ? steps : std::ceil(steps / most_samples)));
    for (int segment = 0; segment < static_cast<int>(count); ++segment) {
        run.probes.push_back({quantity_, segment, "", every});
    }
    run.progress = [](std::int64_t, std::int64_t) { return !interrupted(); };
    if (run.duration_ms <= 0) run.duration_ms = run.dt_ms;
    const auto results = cable::simulate(cell_, {trial}, run);
    throw_if_interrupted();
    for (std::size_t at = 0; at < count; ++at) {
        if (quantity_ == cable::Quantity::calcium && cell_.calcium_decay_ms[at] <= 0) continue;
        const std::vector<float>& trace = results.front().recordings[at];
        const float value = time_ms_ < 0    ? *std::max_element(trace.begin(), trace.end())
                            : time_ms_ == 0 ? trace.front()
                                            : trace.back();
        values[at] = quantity_ == cable::Quantity::calcium ? 1000.0 * value : value;
    }
    return values;
}

void CellPicture::draw(const cable::Trial& trial, const cable::RunOptions& options) const {
    const std::vector<double> values = colours(trial, options);
    const std::string what = quantity_ == cable::Quantity::calcium ? "calcium" : "voltage";
    const std::string title = !needs_run() ? fmt::format("{}: {}", cell_.name, channel_)
                              : time_ms_ >= 0
                                  ? fmt::format("{}: {} at {} ms", cell_.name, what, time_ms_)
                                  : fmt::format("{}: highest {}", cell_.name, what);
    const std::string unit = !needs_run() ? "log10 of S/cm2" : what == "calcium" ? "uM" : "mV";
    draw_morphology(resolve_shape(arguments_, "l5pc"), cell_.compartments, values, title, unit,
                    arguments_.text("plot-morphology"), arguments_.has("force"));
}

}  // namespace elm
