#include "tasks/events/event_samples.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace elm {
namespace {

constexpr std::size_t most_dots = 20'000;  // of a raster: more are no picture

int label_of(const SetColumns& samples, std::int64_t sample) {
    return column_of(samples, "label").at<std::uint8_t>(sample)[0];
}

/// Dots of time (s) and unit; of many events as many as can be seen.
Curve dots_of(std::span<const float> events, const std::string& colour) {
    Curve dots{.mark = Mark::dots, .colour = colour};
    const std::size_t count = events.size() / 2;
    const std::size_t step = 1 + count / most_dots;
    for (std::size_t at = 0; at < count; at += step) {
        dots.x.push_back(double{events[2 * at]});
        dots.y.push_back(double{events[2 * at + 1]});
    }
    return dots;
}

/// A raster of events; a line at its foot gives one without events its axes.
void add_raster(Tile& tile, std::span<const float> events) {
    Curve dots = dots_of(events, colour::plain);
    const double last = dots.x.empty() ? 1 : *std::max_element(dots.x.begin(), dots.x.end());
    tile.curves.push_back(
        {.mark = Mark::line, .colour = colour::grid, .x = {0, last}, .y = {0, 0}});
    if (!dots.x.empty()) tile.curves.push_back(std::move(dots));
}

}  // namespace

SetField event_field() { return {.name = "events", .type = SetType::f32, .ragged = true}; }

void declare_event_form(OptionSet& options, double bin_ms, double duration_ms) {
    options.declare({.name = "bin_ms",
                     .value = bin_ms,
                     .help = "length of a step: spikes of a unit within are added up",
                     .unit = "ms",
                     .lowest = 0.5,
                     .highest = 1000});
    options.declare({.name = "duration_ms",
                     .value = duration_ms,
                     .help = "what is read of a recording, from its beginning",
                     .unit = "ms",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "counts",
                     .value = true,
                     .help = "several spikes of a unit in a step are as many; else they are one"});
    declare_pooling(options);
}

SampleForm event_form(const OptionSet& options, std::int64_t n_units, std::int64_t n_classes,
                      std::int64_t n_parts) {
    const auto bin_ms = options.get<double>("bin_ms");
    EventBins bins = event_bins(bin_ms, options.get<double>("duration_ms"));
    bins.n_parts = n_parts;
    bins.counts = options.get<bool>("counts");
    return {.input = {.name = fmt::format("events in bins of {:g} ms", bin_ms),
                      .width = n_units,
                      .events = bins},
            .n_steps = bins.n_bins * n_parts,
            .n_classes = n_classes,
            .pooling = pooling_of(options),
            .step_ms = bin_ms};
}

SetStatistics event_statistics(const SetColumns& samples) {
    const SetColumn& all = column_of(samples, "events");
    std::vector<double> counts, lengths, units, labels;
    for (std::int64_t k = 0; k < all.samples(); ++k) {
        const auto events = all.at<float>(k);
        counts.push_back(static_cast<double>(events.size() / 2));
        double last = 0;
        std::set<float> active;
        for (std::size_t at = 0; at < events.size(); at += 2) {
            last = std::max(last, double{events[at]});
            active.insert(events[at + 1]);
        }
        lengths.push_back(last);
        units.push_back(static_cast<double>(active.size()));
        labels.push_back(label_of(samples, k));
    }
    SetStatistics table;
    table.add("events", counts);
    table.add("last event, s", lengths);
    table.add("units with events", units);
    table.add("label", labels);
    return table;
}

TileFigure raster_figure(const std::string& title, const SetColumns& samples,
                         const std::function<std::string(int label)>& name) {
    constexpr std::int64_t most = 6, per_row = 3;
    const SetColumn& all = column_of(samples, "events");
    TileFigure figure{.title = title};
    for (std::int64_t k = 0; k < std::min(all.samples(), most); ++k) {
        if (k % per_row == 0) figure.rows.emplace_back();
        Tile tile{.title = name(label_of(samples, k)),
                  .x_label = "time (s)",
                  .y_label = k % per_row == 0 ? "unit" : "",
                  .has_axes = true};
        add_raster(tile, all.at<float>(k));
        figure.rows.back().push_back(std::move(tile));
    }
    return figure;
}

TileFigure sensor_figure(const std::string& title, const SetColumns& samples, std::int64_t width,
                         std::int64_t height, const std::function<std::string(int label)>& name) {
    constexpr std::int64_t most = 8, per_row = 4;
    const SetColumn& all = column_of(samples, "events");
    TileFigure figure{.title = title, .width_px = 1400, .height_px = 1080};
    const auto pixels = static_cast<std::size_t>(width * height);
    for (std::int64_t k = 0; k < std::min(all.samples(), most); ++k) {
        if (k % per_row == 0) figure.rows.emplace_back();
        const auto events = all.at<float>(k);
        std::vector<double> counts(pixels);
        for (std::size_t at = 0; at < events.size(); at += 2) {
            counts[static_cast<std::size_t>(events[at + 1]) % pixels] += 1;
        }
        const double largest = std::max(1.0, *std::max_element(counts.begin(), counts.end()));
        Tile tile{.title = name(label_of(samples, k))};
        tile.grey = {.rows = static_cast<int>(height), .columns = static_cast<int>(width)};
        for (const double count : counts) {
            tile.grey.values.push_back(
                static_cast<std::uint8_t>(std::lround(255 * (1 - std::sqrt(count / largest)))));
        }
        figure.rows.back().push_back(std::move(tile));
    }
    if (figure.rows.empty()) return figure;
    Tile first{.title = "the first sample over time",
               .x_label = "time (s)",
               .y_label = "unit",
               .has_axes = true,
               .height = 0.65};
    add_raster(first, all.at<float>(0));
    figure.rows.push_back({std::move(first)});
    return figure;
}

}  // namespace elm
