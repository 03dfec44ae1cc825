#include "tasks/comparison/speed/speed_results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

namespace elm {
namespace {

constexpr std::array costs{Cost::forward_time, Cost::training_time, Cost::forward_memory,
                           Cost::training_memory};

bool is_time(Cost cost) { return cost == Cost::forward_time || cost == Cost::training_time; }

double mean_of(const SpeedPoint& point, Cost cost) {
    switch (cost) {
        case Cost::forward_time:
            return interquartile_mean(point.forward_seconds);
        case Cost::training_time:
            return interquartile_mean(point.training_seconds);
        case Cost::forward_memory:
            return point.forward_bytes;
        case Cost::training_memory:
            break;
    }
    return point.training_bytes;
}

/// Microseconds or bytes of one token.
double per_token(const SpeedPoint& point, Cost cost, std::int64_t batch) {
    constexpr double micro = 1e6;
    return (is_time(cost) ? micro : 1) * mean_of(point, cost) /
           static_cast<double>(point.length * batch);
}

std::string share_text(double value) {
    return std::isnan(value) ? "-" : fmt::format("{:.4f}", value);
}
std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.0f}", value); }

/// "4k" for 4096.
std::string length_text(std::int64_t length) {
    constexpr std::int64_t kilo = 1024;
    return length % kilo == 0 ? fmt::format("{}k", length / kilo) : fmt::format("{}", length);
}

/// Places of the lengths on a logarithmic axis.
std::vector<std::pair<double, std::string>> length_ticks(const std::vector<SpeedCurve>& all) {
    std::vector<std::pair<double, std::string>> ticks;
    for (const SpeedPoint& point : all.front().points) {
        ticks.emplace_back(std::log2(static_cast<double>(point.length)), length_text(point.length));
    }
    return ticks;
}

std::string axis_name(Cost cost) {
    const bool forward = cost == Cost::forward_time || cost == Cost::forward_memory;
    return fmt::format("{}: {}/token", forward ? "forward" : "training",
                       is_time(cost) ? "us" : "bytes");
}

Panel panel_of(const std::vector<SpeedCurve>& all, std::int64_t batch, Cost cost, bool is_first,
               bool is_last) {
    Panel panel{.x_label = is_last ? "length" : "",
                .y_label = axis_name(cost),
                .show_x_numbers = is_last,
                .key = is_first ? key_beside : "off"};
    panel.log_y = true;
    panel.x_ticks = length_ticks(all);
    for (std::size_t k = 0; k < all.size(); ++k) {
        Curve line{.title = is_first ? all[k].model : "",
                   .mark = Mark::line,
                   .colour = colour::of_series(k, all.size())};
        for (const SpeedPoint& point : all[k].points) {
            if (!point.measured()) continue;
            line.x.push_back(std::log2(static_cast<double>(point.length)));
            line.y.push_back(per_token(point, cost, batch));
        }
        Curve marks = line;
        marks.title.clear();
        marks.mark = Mark::points;
        panel.curves.push_back(std::move(line));
        panel.curves.push_back(std::move(marks));
    }
    return panel;
}

}  // namespace

std::string_view name_of(Cost cost) noexcept {
    switch (cost) {
        case Cost::forward_time:
            return "time, forward";
        case Cost::training_time:
            return "time, training";
        case Cost::forward_memory:
            return "memory, forward";
        case Cost::training_memory:
            break;
    }
    return "memory, training";
}

CostCurve cost_curve(const SpeedCurve& speed, Cost cost) {
    CostCurve curve;
    for (const SpeedPoint& point : speed.points) {
        if (!point.measured()) continue;
        curve.lengths.push_back(static_cast<double>(point.length));
        curve.repeats.push_back(cost == Cost::forward_time    ? point.forward_seconds
                                : cost == Cost::training_time ? point.training_seconds
                                                              : std::vector{mean_of(point, cost)});
    }
    return curve;
}

Table speed_table(const std::vector<SpeedCurve>& all, std::int64_t batch) {
    Table table({"model", "parameters", "length", "forward us/token", "training us/token",
                 "forward bytes/token", "training bytes/token", "left out"});
    for (const SpeedCurve& curve : all) {
        for (const SpeedPoint& point : curve.points) {
            std::vector<std::string> row{curve.model, fmt::format("{}", curve.parameters),
                                         fmt::format("{}", point.length)};
            for (const Cost cost : costs) {
                row.push_back(
                    point.measured() ? fmt::format("{:.4g}", per_token(point, cost, batch)) : "-");
            }
            row.push_back(point.left_out);
            table.add(row);
        }
    }
    return table;
}

Table efficiency_table(const std::vector<SpeedCurve>& all,
                       const std::vector<std::string>& attentions, const RandomKey& key) {
    Table table({"model", "against", "cost", "cheaper from", "95 % interval", "between lengths",
                 "R2 model", "R2 attention"});
    for (const std::string& name : attentions) {
        const auto attention = std::find_if(
            all.begin(), all.end(), [&](const SpeedCurve& curve) { return curve.model == name; });
        if (attention == all.end()) continue;
        for (const SpeedCurve& model : all) {
            const bool other =
                std::find(attentions.begin(), attentions.end(), model.model) == attentions.end();
            if (!other || model.causal != attention->causal) continue;
            for (const Cost cost : costs) {
                const EfficiencyLength found =
                    efficiency_length(cost_curve(model, cost), cost_curve(*attention, cost),
                                      is_time(cost), key.for_purpose(model.model));
                table.add({model.model, name, std::string(name_of(cost)), to_text(found),
                           std::isnan(found.interval.low)
                               ? "-"
                               : number(found.interval.low) + " to " + number(found.interval.high),
                           number(found.bracketed), share_text(found.model.explained),
                           share_text(found.attention.explained)});
            }
        }
    }
    return table;
}

Table exponent_table(const std::vector<SpeedCurve>& all) {
    constexpr std::size_t fewest = 3;  // two points lie on any line
    Table table({"model", "cost", "lengths", "exponent", "R2", "exponent of its operations"});
    for (const SpeedCurve& model : all) {
        for (const Cost cost : costs) {
            const CostCurve curve = cost_curve(model, cost);
            const std::size_t first = is_time(cost) && curve.lengths.size() > fewest ? 1 : 0;
            if (curve.lengths.empty()) continue;
            const std::string over = fmt::format(
                "{} to {}", length_text(static_cast<std::int64_t>(curve.lengths[first])),
                length_text(static_cast<std::int64_t>(curve.lengths.back())));
            if (curve.lengths.size() < fewest) {
                table.add({model.model, std::string(name_of(cost)), over, "-", "-", "-"});
                continue;
            }
            const std::vector<double> measured = curve.costs();
            const auto lengths = std::span(curve.lengths).subspan(first);
            const CostExponent found = fit_exponent(lengths, std::span(measured).subspan(first));
            std::vector<double> operations;
            for (const SpeedPoint& point : model.points) {
                if (point.measured()) operations.push_back(point.flops);
            }
            const double claimed =
                fit_exponent(lengths, std::span(operations).subspan(first)).exponent;
            table.add({model.model, std::string(name_of(cost)), over,
                       fmt::format("{:.2f}", found.exponent),
                       fmt::format("{:.4f}", found.explained),
                       is_time(cost) ? fmt::format("{:.2f}", claimed) : "-"});
        }
    }
    return table;
}

Figure speed_figure(const std::vector<SpeedCurve>& all, std::int64_t batch) {
    Figure figure{fmt::format("Time and memory of each token, {} sequences at once", batch), {}};
    for (const Cost cost : costs) {
        figure.panels.push_back(
            panel_of(all, batch, cost, cost == costs.front(), cost == costs.back()));
    }
    figure.height_px = 1400;
    return figure;
}

}  // namespace elm
