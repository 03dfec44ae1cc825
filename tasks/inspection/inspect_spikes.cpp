#include "tasks/inspection/inspect_spikes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "tasks/data/spikes/spike_file.h"
#include "tasks/report/plot.h"
#include "tasks/simulation/plot_data.h"

namespace elm {
namespace {

constexpr std::size_t shown_samples = 10;
constexpr std::int64_t any_unit = std::int64_t{1} << 31;  // of trains of spikes

/// Counts of one sample.
struct SampleCounts {
    SpikeSummary summary;
    double first_ms = 0, duration_ms = 0;
    std::map<double, std::int64_t> by_unit;
};

SampleCounts count_spikes(SpikeSample& sample, void (*tick)()) {
    SampleCounts counts;
    counts.summary = check_spikes(*sample.spikes, any_unit, {});
    counts.first_ms = counts.summary.last_ms;
    counts.duration_ms = sample.duration_ms.value_or(counts.summary.last_ms);
    sample.spikes->rewind();
    while (true) {
        const SpikeBlock& block = sample.spikes->next();
        if (block.size() == 0) return counts;
        for (const double unit : block.units) ++counts.by_unit[unit];
        const auto least = std::min_element(block.times_ms.begin(), block.times_ms.end());
        counts.first_ms = std::min(counts.first_ms, *least);
        tick();
    }
}

/// "2500 spikes of 613 units (0 to 1277), 1.001 to 399.9 ms, 10.2 Hz a unit (unit 7: 27.5 Hz)".
std::string describe(const SpikeSample& sample, const SampleCounts& counts) {
    if (counts.summary.count == 0) return "no spikes";
    std::string text =
        fmt::format("{} spikes of {} units ({} to {}), {:.6g} to {:.6g} ms", counts.summary.count,
                    counts.by_unit.size(), counts.by_unit.begin()->first,
                    counts.by_unit.rbegin()->first, counts.first_ms, counts.summary.last_ms);
    if (sample.duration_ms) text += fmt::format(" of {} ms", *sample.duration_ms);
    if (counts.duration_ms > 0) {
        const auto busiest = std::max_element(
            counts.by_unit.begin(), counts.by_unit.end(),
            [](const auto& one, const auto& other) { return one.second < other.second; });
        const auto rate = [&](std::int64_t count) {
            return static_cast<double>(count) / counts.duration_ms * 1000;
        };
        text += fmt::format(", {:.4g} Hz a unit (unit {}: {:.4g} Hz)",
                            rate(counts.summary.count) / static_cast<double>(counts.by_unit.size()),
                            busiest->first, rate(busiest->second));
    }
    if (!counts.summary.in_order) text += ", not in order of time";
    return text;
}

/// Spikes on a grid of as many steps as a picture has columns.
Figure raster(const std::string& path, SpikeSample sample, double duration_ms,
              std::int64_t n_units) {
    const std::string title = fmt::format("{}: {}", path, sample.name);
    const double step_ms = duration_ms / static_cast<double>(TraceDecimator::max_columns);
    const SampleInput input = open_spikes(std::move(sample), n_units, step_ms, duration_ms);
    RasterDecimator marks(n_units, input.n_steps, 0, step_ms / 1000);
    for (std::int64_t step = 0; step < input.n_steps; ++step) {
        marks.add(input.source->next(1), 0, 1);
    }
    Panel panel{.x_label = "time (s)", .y_label = "unit"};
    panel.curves.push_back(marks.curve(0, n_units, "", colour::plain));
    return {.title = title, .panels = {std::move(panel)}};
}

}  // namespace

Findings inspect_spikes(const std::string& path, std::vector<SpikeSample> samples, void (*tick)()) {
    Findings findings{"spikes", {{"samples", std::ssize(samples)}}};
    for (std::size_t k = 0; k < std::min(samples.size(), shown_samples); ++k) {
        SpikeSample& sample = samples[k];
        const SampleCounts counts = count_spikes(sample, tick);
        findings.facts.emplace_back(sample.name, describe(sample, counts));
        findings.facts.emplace_back(sample.name + ", time unit", sample.time_unit.empty()
                                                                     ? "ms (the file does not say)"
                                                                     : sample.time_unit);
        if (!sample.sorting.empty()) {
            findings.facts.emplace_back(sample.name + ", sorting", sample.sorting);
        }
        if (k > 0 || !(counts.duration_ms > 0)) continue;
        const auto n_units = static_cast<std::int64_t>(
            counts.by_unit.empty() ? 1 : counts.by_unit.rbegin()->first + 1);
        const auto first = std::make_shared<SpikeSample>();
        findings.draw = [path, first, duration = counts.duration_ms, n_units](
                            const std::string& target, bool force) {
            draw(raster(path, std::move(*first), duration, n_units), target, force);
        };
        *first = std::move(sample);
    }
    if (samples.size() > shown_samples) {
        findings.facts.emplace_back("more samples",
                                    std::ssize(samples) - std::int64_t{shown_samples});
    }
    return findings;
}

}  // namespace elm
