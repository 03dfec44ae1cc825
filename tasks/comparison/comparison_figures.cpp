#include "tasks/comparison/comparison_figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "tasks/training/record/learning_curve.h"

namespace elm {
namespace {

/// Where more models than these are compared, their names stand beside the panels, and bands would
/// hide each other.
constexpr std::size_t few_models = 4;

const char* key_for(const ComparisonResults& results) {
    return results.models().size() > few_models ? key_beside : key_above;
}

/// A model's mark with its interval, and where it stands.
Panel pareto_panel(const ComparisonResults& results, const std::string& label, bool is_first,
                   double (*cost)(const CellResult&)) {
    Panel panel{.x_label = label,
                .y_label = results.metric_label(),
                .key = is_first ? key_for(results) : "off"};
    std::vector<CostedScore> all;
    for (const ModelSummary& model : results.models()) {
        if (model.estimate) all.push_back({std::log10(model.mean(cost)), model.estimate->mean});
    }
    Curve front{.title = is_first ? "not beaten" : "",
                .mark = Mark::dashed_line,
                .colour = colour::no_value};
    for (const std::size_t k : pareto_front(all, results.metric().higher_is_better)) {
        front.x.push_back(all[k].cost);
        front.y.push_back(all[k].score);
    }
    panel.curves.push_back(std::move(front));
    std::size_t hue = 0, at = 0;
    for (const ModelSummary& model : results.models()) {
        const std::string colour = colour::of_series(hue++, results.models().size());
        if (!model.estimate) continue;
        const CostedScore& place = all[at++];
        const Interval& interval = model.estimate->interval;
        if (!std::isnan(interval.low)) {
            panel.curves.push_back({.colour = colour,
                                    .x = {place.cost, place.cost},
                                    .y = {interval.low, interval.high}});
        }
        panel.curves.push_back({.title = is_first ? model.model : "",
                                .mark = Mark::points,
                                .colour = colour,
                                .x = {place.cost},
                                .y = {place.score}});
    }
    panel.log_y = is_wide(panel);
    return panel;
}

/// By update, the scores of the seeds that were validated there.
std::map<std::int64_t, std::vector<double>> by_update(const ModelSummary& model,
                                                      std::size_t metric) {
    std::map<std::int64_t, std::vector<double>> scores;
    for (const CellResult* cell : model.done) {
        for (const Validation& one : cell->curve) {
            if (std::isfinite(one.scores[metric])) scores[one.update].push_back(one.scores[metric]);
        }
    }
    return scores;
}

}  // namespace

std::vector<std::size_t> pareto_front(const std::vector<CostedScore>& all, bool higher_is_better) {
    const double sign = higher_is_better ? 1 : -1;
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (all[a].cost != all[b].cost) return all[a].cost < all[b].cost;
        return sign * all[a].score > sign * all[b].score;
    });
    std::vector<std::size_t> front;
    for (const std::size_t k : order) {
        if (front.empty() || sign * all[k].score > sign * all[front.back()].score) {
            front.push_back(k);
        }
    }
    return front;
}

Figure pareto_figure(const ComparisonResults& results) {
    Figure figure{
        fmt::format("{}: score against cost, 95 % intervals over seeds", results.task().name), {}};
    figure.panels.push_back(
        pareto_panel(results, "log10 of FLOP per sample", true,
                     [](const CellResult& cell) { return cell.flops_per_sample; }));
    figure.panels.push_back(
        pareto_panel(results, "log10 of trainable parameters", false,
                     [](const CellResult& cell) { return static_cast<double>(cell.parameters); }));
    constexpr int width_px = 1200, height_px = 1100;
    figure.width_px = width_px;
    figure.height_px = height_px;
    return figure;
}

Figure curves_figure(const ComparisonResults& results) {
    const Metric& metric = results.metric();
    Panel panel{.x_label = "update",
                .y_label = fmt::format("{} (held out)", metric.label),
                .key = key_for(results)};
    const bool with_range = results.models().size() <= few_models;
    std::size_t hue = 0;
    double last = 0;
    std::vector<Curve> bands, lines;
    for (const ModelSummary& model : results.models()) {
        const std::string colour = colour::of_series(hue++, results.models().size());
        Curve band{.mark = Mark::band, .colour = colour},
            line{.title = model.model, .mark = Mark::line, .colour = colour};
        for (const auto& [update, scores] : by_update(model, results.task().headline)) {
            const auto x = static_cast<double>(update);
            line.x.push_back(x);
            line.y.push_back(moments(scores).mean);
            band.x.push_back(x);
            band.y.push_back(*std::min_element(scores.begin(), scores.end()));
            band.y_upper.push_back(*std::max_element(scores.begin(), scores.end()));
            last = std::max(last, x);
        }
        bands.push_back(std::move(band));
        lines.push_back(std::move(line));
    }
    if (with_range) {
        for (Curve& band : bands) panel.curves.push_back(std::move(band));
    }
    for (Curve& line : lines) panel.curves.push_back(std::move(line));
    panel.log_y = is_wide(panel);
    if (!std::isnan(metric.chance)) {
        panel.curves.push_back({.title = "chance",
                                .mark = Mark::dashed_line,
                                .colour = colour::no_value,
                                .x = {0, last},
                                .y = {metric.chance, metric.chance}});
    }
    return {fmt::format("{}: learning curves, mean {}over seeds", results.task().name,
                        with_range ? "and range " : ""),
            {panel}};
}

}  // namespace elm
