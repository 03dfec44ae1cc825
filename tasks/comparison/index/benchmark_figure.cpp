#include <cmath>

#include <fmt/format.h>

#include "tasks/comparison/index/benchmark_tables.h"

namespace elm {

Figure index_figure(const BenchmarkRecord& record, const std::string& pattern) {
    Panel panel{.x_label = "", .y_label = "compositional index", .key = "off"};
    Curve zero{.mark = Mark::dashed_line, .colour = colour::no_value};
    const std::vector<MixerScore> scores = ranked_scores(record.runs, record.constants, pattern);
    std::size_t hue = 0;
    for (const MixerScore& score : scores) {
        const std::string colour = colour::of_series(hue++, scores.size());
        if (!std::isfinite(score.mean.index)) continue;
        const auto x = static_cast<double>(panel.x_ticks.size());
        panel.x_ticks.emplace_back(x, score.shown_name());
        const double spread = score.index_deviation(), y = score.mean.index;
        if (std::isfinite(spread)) {
            panel.curves.push_back({.colour = colour, .x = {x, x}, .y = {y - spread, y + spread}});
        }
        panel.curves.push_back({.mark = Mark::points, .colour = colour, .x = {x}, .y = {y}});
    }
    if (panel.x_ticks.empty()) return {};  // nobody has a score in every task
    zero.x = {-0.5, static_cast<double>(panel.x_ticks.size()) - 0.5};
    zero.y = {0, 0};
    panel.x_range = std::pair(zero.x.front(), zero.x.back());
    panel.curves.push_back(std::move(zero));
    return {.title = fmt::format("{}: index of mixers, generated data, population of {}", pattern,
                                 population_of(record.constants, pattern)),
            .panels = {std::move(panel)}};
}

}  // namespace elm
