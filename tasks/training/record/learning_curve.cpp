#include "tasks/training/record/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tasks/metrics.h"

namespace elm {
namespace {

template <class Record, class Value>
Curve curve_of(const std::vector<Record>& records, const Value& value) {
    Curve curve;
    for (const Record& record : records) {
        const double y = value(record);
        if (!std::isfinite(y)) continue;
        curve.x.push_back(static_cast<double>(record.update));
        curve.y.push_back(y);
    }
    return curve;
}

/// The metric that is the loss on samples that were held out; none where it has a panel of its own.
std::optional<std::size_t> held_out_loss(const TaskSpec& spec) {
    for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
        if (spec.metrics[m].label == "loss" && !spec.metrics[m].is_drawn) return m;
    }
    return {};
}

double last_update(const Panel& panel) {
    double last = 0;
    for (const Curve& curve : panel.curves) {
        if (!curve.x.empty()) last = std::max(last, curve.x.back());
    }
    return last;
}

}  // namespace

bool is_wide(const Panel& panel) {
    constexpr double several = 20;
    double low = INFINITY, high = -INFINITY;
    for (const Curve& curve : panel.curves) {
        for (const double y : curve.y) {
            low = std::min(low, y);
            high = std::max(high, y);
        }
    }
    return low > 0 && high > several * low;
}

Figure learning_curve(std::span<const TrainerRun> runs) {
    const TaskSpec& spec = runs.front().training->task().spec();
    Figure figure{"Learning curve", {}};
    const auto add_curves = [&](Panel& panel, Mark mark, const std::string& of, const auto& curve) {
        for (std::size_t k = 0; k < runs.size(); ++k) {
            panel.curves.push_back(curve(*runs[k].training));
            panel.curves.back().colour = colour::of_series(k, runs.size());
            panel.curves.back().mark = mark;
            if (!of.empty()) panel.curves.back().title = runs[k].name + of;
        }
    };
    const auto add_metric = [&](Panel& panel, Mark mark, const std::string& of, std::size_t m) {
        add_curves(panel, mark, of, [&](const Training& training) {
            return curve_of(training.validations(),
                            [&](const Validation& one) { return one.scores[m]; });
        });
    };
    Panel loss{.y_label = "loss", .show_x_numbers = false, .key = key_above};
    add_curves(loss, Mark::line, ", training", [&](const Training& training) {
        return curve_of(training.reports(),
                        [&](const TrainingReport& report) { return report.loss.mean(spec); });
    });
    if (const auto held_out = held_out_loss(spec)) {
        add_metric(loss, Mark::dashed_line, runs.size() == 1 ? ", held out" : "", *held_out);
        loss.y_label = runs.size() == 1 ? "loss" : "loss (dashed: held out)";
    }
    loss.log_y = is_wide(loss);
    figure.panels.push_back(std::move(loss));
    for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
        const Metric& metric = spec.metrics[m];
        if (!metric.is_drawn) continue;
        Panel panel{.y_label = fmt::format("{} (held out)", metric.label),
                    .show_x_numbers = false,
                    .key = key_above};
        add_metric(panel, Mark::line, "", m);
        panel.log_y = is_wide(panel);
        if (!std::isnan(metric.chance)) {
            panel.curves.push_back({.title = "chance",
                                    .mark = Mark::dashed_line,
                                    .colour = colour::no_value,
                                    .x = {0, last_update(panel)},
                                    .y = {metric.chance, metric.chance}});
        }
        figure.panels.push_back(std::move(panel));
    }
    figure.panels.back().x_label = "update";
    figure.panels.back().show_x_numbers = true;
    return figure;
}

namespace {

/// By model, then by the logarithm of its size.
using ScoresBySize = std::map<std::string, std::map<double, std::vector<double>>>;

/// Numbers of parameters at the sizes that are there, as far as they do not stand in each other's
/// way.
std::vector<std::pair<double, std::string>> ticks_of_sizes(const ScoresBySize& by_model) {
    constexpr double room = 0.09;  // of a number, as a share of the axis
    std::set<double> sizes;
    for (const auto& [model, scores] : by_model) {
        for (const auto& [size, all] : scores) sizes.insert(size);
    }
    std::vector<std::pair<double, std::string>> ticks;
    for (const double size : sizes) {
        const double apart = ticks.empty() ? INFINITY : size - ticks.back().first;
        if (apart < room * (*sizes.rbegin() - *sizes.begin())) continue;
        ticks.emplace_back(size, fmt::format("{:.0f}", std::pow(10, size)));
    }
    return ticks;
}

/// With room beside the first and the last point.
std::pair<double, double> range_of_sizes(std::span<const SweepPoint> points) {
    double low = INFINITY, high = -INFINITY;
    for (const SweepPoint& point : points) {
        low = std::min(low, std::log10(point.parameters));
        high = std::max(high, std::log10(point.parameters));
    }
    const double room = std::max(0.05, 0.05 * (high - low));
    return {low - room, high + room};
}

}  // namespace

Figure score_against_parameters(const Metric& metric, std::span<const SweepPoint> points) {
    Panel panel{.x_label = "trainable parameters",
                .y_label = fmt::format("{} (held out)", metric.label)};
    panel.key = key_above;
    ScoresBySize by_model;
    for (const SweepPoint& point : points) {
        by_model[point.model][std::log10(point.parameters)].push_back(point.score);
    }
    std::size_t k = 0;
    for (const auto& [model, sizes] : by_model) {
        const std::string hue = colour::of_series(k++, by_model.size());
        Curve means{.mark = Mark::line, .colour = hue},
            marks{.title = model, .mark = Mark::points, .colour = hue};
        for (const auto& [size, scores] : sizes) {
            means.x.push_back(size);
            means.y.push_back(moments(scores).mean);
            for (const double score : scores) {
                marks.x.push_back(size);
                marks.y.push_back(score);
            }
        }
        if (sizes.size() > 1) panel.curves.push_back(std::move(means));
        panel.curves.push_back(std::move(marks));
    }
    panel.x_ticks = ticks_of_sizes(by_model);
    panel.x_range = range_of_sizes(points);
    return {"Fit quality against size", {panel}};
}

}  // namespace elm
