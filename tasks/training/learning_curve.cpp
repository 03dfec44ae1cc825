#include "tasks/training/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <map>

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

/// The range of what a fit settles to: values of its first tenth stand outside.
std::optional<std::pair<double, double>> settled_range(const Panel& panel) {
    double low = INFINITY, high = -INFINITY;
    for (const Curve& curve : panel.curves) {
        for (std::size_t k = 0; k < curve.x.size(); ++k) {
            if (curve.x[k] < 0.1 * curve.x.back()) continue;
            low = std::min(low, curve.y[k]);
            high = std::max(high, curve.y[k]);
        }
    }
    if (!(low < high)) return {};
    const double margin = 0.05 * (high - low);
    return std::pair{low - margin, high + margin};
}

}  // namespace

Figure learning_curve(std::span<const FitRun> runs) {
    Panel loss{.y_label = "loss (training)", .show_x_numbers = false, .key = key_above};
    Panel auc{.y_label = "AUC (held out)", .show_x_numbers = false, .key = key_above};
    Panel voltage{.x_label = "update", .y_label = "RMSE, mV (held out)", .key = key_above};
    for (std::size_t k = 0; k < runs.size(); ++k) {
        const Fit& fit = *runs[k].fit;
        const std::string colour = colour::of_series(k, runs.size());
        const auto add = [&](Panel& panel, Curve curve, bool titled) {
            curve.colour = colour;
            curve.mark = Mark::line;
            if (titled) curve.title = runs[k].name;
            panel.curves.push_back(std::move(curve));
        };
        add(loss, curve_of(fit.reports(), [](const FitReport& r) { return r.loss.mean(); }), true);
        add(auc, curve_of(fit.validations(), [](const FitScores& s) { return s.auc; }), false);
        add(voltage, curve_of(fit.validations(), [](const FitScores& s) { return s.rmse_mV; }),
            false);
    }
    for (Panel* panel : {&loss, &auc, &voltage}) panel->y_range = settled_range(*panel);
    return {"Learning curve", {loss, auc, voltage}};
}

Figure auc_against_parameters(std::span<const SweepPoint> points) {
    Panel panel{.x_label = "log10 of trainable parameters", .y_label = "AUC (held out)"};
    panel.key = "bottom right";
    std::map<std::string, std::vector<SweepPoint>> by_model;
    for (const SweepPoint& point : points) by_model[point.model].push_back(point);
    std::size_t k = 0;
    for (auto& [model, list] : by_model) {
        std::sort(list.begin(), list.end(), [](const SweepPoint& a, const SweepPoint& b) {
            return a.parameters < b.parameters;
        });
        Curve line;
        line.title = model;
        line.colour = colour::of_series(k++, by_model.size());
        for (const SweepPoint& point : list) {
            line.x.push_back(std::log10(point.parameters));
            line.y.push_back(point.auc);
        }
        Curve dots = line;
        dots.mark = Mark::dots;
        dots.title = "";
        panel.curves.push_back(std::move(line));
        panel.curves.push_back(std::move(dots));
    }
    return {"Fit quality against size", {panel}};
}

}  // namespace elm
