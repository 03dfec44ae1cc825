#include "tasks/comparison/index/benchmark_tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "tasks/comparison/index/benchmark_grid.h"
#include "tasks/comparison/speed/speed_results.h"
#include "tasks/comparison/statistics/intervals.h"

namespace elm {
namespace {

std::string text_of(double value, int digits = 3) {
    return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-";
}

std::string with_spread(double mean, double deviation) {
    return std::isfinite(deviation) ? fmt::format("{:.4g} ({:.2g})", mean, deviation)
           : std::isfinite(mean)    ? fmt::format("{:.4g}", mean)
                                    : "-";
}

/// Values by seed of a mixer's metric.
std::vector<double> values_of(const std::vector<BenchmarkRun>& runs, const std::string& pattern,
                              const std::string& task, const std::string& mixer,
                              const std::string& metric) {
    std::vector<double> values;
    for (const BenchmarkRun& run : runs) {
        if (run.pattern == pattern && run.task == task && run.mixer == mixer &&
            run.metric == metric && std::isfinite(run.value)) {
            values.push_back(run.value);
        }
    }
    return values;
}

std::string spread_text(const std::vector<double>& values) {
    if (values.empty()) return "-";
    const SeedEstimate estimate = estimate_over_seeds(values);
    return with_spread(estimate.mean, estimate.deviation);
}

/// Whose metrics come first in the runs of a task.
std::string first_metric(const std::vector<BenchmarkRun>& runs, const std::string& task) {
    for (const IndexMetric& metric : index_metrics(self_noncausal, false)) {
        if (metric.task == task) return metric.metric;
    }
    const auto found = std::find_if(runs.begin(), runs.end(),
                                    [&](const BenchmarkRun& run) { return run.task == task; });
    return found == runs.end() ? "" : found->metric;
}

}  // namespace

std::vector<std::string> patterns_of(const BenchmarkRecord& record) {
    std::vector<std::string> found;
    for (const char* const pattern : {self_noncausal, self_causal, cross_noncausal, cross_causal}) {
        if (!mixers_of(record.runs, pattern).empty()) found.emplace_back(pattern);
    }
    return found;
}

std::string index_to_csv(const BenchmarkRecord& record) {
    Table table({"pattern", "mixer", "task", "z_mean", "z_seed_sd", "ci", "delta", "n"});
    for (const IndexConstants& constants : record.constants) {
        for (const MixerScore& score : scores_of(record.runs, constants)) {
            for (const auto& [task, z] : score.mean.tasks) {
                table.add({constants.pattern, score.mixer, task, text_of(z, 6),
                           text_of(score.deviation(task), 6), text_of(score.mean.index, 6),
                           text_of(score.delta, 6),
                           fmt::to_string(std::ssize(constants.population))});
            }
        }
    }
    return table.to_csv();
}

Table leaderboard(const BenchmarkRecord& record, const std::string& pattern) {
    std::set<std::string> tasks;
    for (const IndexMetric& metric : index_metrics(pattern, false)) tasks.insert(metric.task);
    std::vector<std::string> header{"mixer"};
    header.insert(header.end(), tasks.begin(), tasks.end());
    for (const char* const name : {"index", "sd of seeds", "minus vanilla", "index of logs"}) {
        header.emplace_back(name);
    }
    Table table(header);
    std::map<std::string, double> of_logs;
    if (const auto* logs = find_constants(record.constants, constants_name(pattern, true))) {
        for (const MixerScore& score : scores_of(record.runs, *logs)) {
            of_logs[score.mixer] = score.mean.index;
        }
    }
    for (const MixerScore& score : ranked_scores(record.runs, record.constants, pattern)) {
        std::vector<std::string> row{score.shown_name()};
        for (const std::string& task : tasks) row.push_back(text_of(score.mean.tasks.at(task)));
        row.push_back(text_of(score.mean.index));
        row.push_back(text_of(score.index_deviation()));
        row.push_back(text_of(score.delta));
        row.push_back(text_of(of_logs[score.mixer]));
        table.add(row);
    }
    return table;
}

Table metric_table(const BenchmarkRecord& record, const std::string& pattern) {
    std::vector<std::pair<std::string, std::string>> metrics;
    for (const BenchmarkCell& cell : benchmark_cells()) {
        if (cell.pattern != pattern) continue;
        for (const char* const from : {self_noncausal, self_causal, cross_noncausal}) {
            for (const IndexMetric& metric : index_metrics(from, false)) {
                const std::pair key(metric.task, metric.metric);
                if (metric.task == cell.task &&
                    std::find(metrics.begin(), metrics.end(), key) == metrics.end()) {
                    metrics.push_back(key);
                }
            }
        }
    }
    std::vector<std::string> header{"mixer"};
    for (const auto& [task, metric] : metrics) {
        header.push_back(fmt::format("{} {}", task.substr(0, task.find('-')), metric));
    }
    Table table(header);
    std::vector<std::string> names;
    for (const bool of_rules : {false, true}) {
        for (const BenchmarkRun& run : record.runs) {
            if (run.pattern == pattern && run.is_rule() == of_rules &&
                std::find(names.begin(), names.end(), run.mixer) == names.end()) {
                names.push_back(run.mixer);
            }
        }
    }
    for (const std::string& name : names) {
        std::vector<std::string> row{name};
        for (const auto& [task, metric] : metrics) {
            row.push_back(spread_text(values_of(record.runs, pattern, task, name, metric)));
        }
        table.add(row);
    }
    return table;
}

Table consistency_table(const BenchmarkRecord& record) {
    Table table({"patterns", "mixers", "Pearson", "95 % interval", "Spearman"});
    for (const PatternAgreement& pair : consistency(record.runs, record.constants, record.seed)) {
        if (pair.mixers == 0) continue;
        const bool has_interval = std::isfinite(pair.pearson_interval.low);
        table.add({pair.first + "-" + pair.second, fmt::to_string(pair.mixers),
                   text_of(pair.pearson),
                   has_interval ? fmt::format("{:.2f} to {:.2f}", pair.pearson_interval.low,
                                              pair.pearson_interval.high)
                                : "-",
                   text_of(pair.spearman)});
    }
    return table;
}

Table benefit_table(const BenchmarkRecord& record) {
    const std::vector<std::string> mixers{vanilla_mixer, no_mixer, wide_mixer, window_mixer};
    std::vector<std::string> header{"task", "metric"};
    for (const std::string& mixer : mixers) header.push_back(mixer);
    for (const std::string& mixer : mixers) header.push_back("z " + mixer);
    header.emplace_back("mixing");
    Table table(header);
    std::map<std::string, IndexScore> scores;
    for (const MixerScore& score : ranked_scores(record.runs, record.constants, self_noncausal))
        scores[score.mixer] = score.mean;
    for (const BenchmarkCell& cell : benchmark_cells()) {
        if (cell.pattern != self_noncausal) continue;
        const std::string metric = first_metric(record.runs, cell.task);
        std::vector<std::string> row{cell.task, metric}, units;
        std::map<std::string, std::vector<double>> values;
        for (const std::string& mixer : mixers) {
            values[mixer] = values_of(record.runs, cell.pattern, cell.task, mixer, metric);
            row.push_back(spread_text(values[mixer]));
            const auto task = scores[mixer].tasks.find(cell.task);
            units.push_back(task == scores[mixer].tasks.end() ? "-" : text_of(task->second));
        }
        row.insert(row.end(), units.begin(), units.end());
        const auto &vanilla = values[vanilla_mixer], &without = values[no_mixer];
        if (vanilla.empty() || without.empty()) {
            row.emplace_back("-");
        } else {
            const SeedEstimate a = estimate_over_seeds(vanilla), b = estimate_over_seeds(without);
            const double noise = std::hypot(a.deviation, b.deviation);
            row.emplace_back(std::isnan(noise)                        ? "one seed"
                             : std::abs(a.mean - b.mean) <= 2 * noise ? "within noise"
                                                                      : "tells");
        }
        table.add(row);
    }
    return table;
}

Table length_table(const BenchmarkRecord& record) {
    constexpr std::string_view prefix = "ppl@";
    std::map<std::int64_t, std::map<std::string, std::vector<double>>> by_length;
    std::vector<std::string> mixers;
    for (const BenchmarkRun& run : record.runs) {
        if (!run.metric.starts_with(prefix)) continue;
        by_length[std::stoll(run.metric.substr(prefix.size()))][run.mixer].push_back(run.value);
        if (std::find(mixers.begin(), mixers.end(), run.mixer) == mixers.end()) {
            mixers.push_back(run.mixer);
        }
    }
    std::vector<std::string> header{"tokens"};
    header.insert(header.end(), mixers.begin(), mixers.end());
    Table table(header);
    for (auto& [length, values] : by_length) {
        std::vector<std::string> row{fmt::to_string(length)};
        for (const std::string& mixer : mixers) row.push_back(spread_text(values[mixer]));
        table.add(row);
    }
    return table;
}

Table noise_table(const BenchmarkRecord& record) {
    Table table({"pattern", "task", "metric", "vanilla", "sd of seeds", "least difference",
                 "in units of the index"});
    for (const MetricNoise& noise : noise_of(record.runs, record.constants)) {
        table.add({noise.pattern, noise.task, noise.metric, text_of(noise.value, 4),
                   text_of(noise.deviation, 4), text_of(noise.least_difference, 4),
                   text_of(noise.in_index_units)});
    }
    return table;
}

Table same_for_all(const BenchmarkRecord& record) {
    Table table({"pattern", "task", "metric", "value", "mixers"});
    for (const std::string& pattern : patterns_of(record)) {
        const IndexConstants* const constants = find_constants(record.constants, pattern);
        if (constants == nullptr) continue;
        for (const IndexConstant& one : constants->metrics) {
            if (!one.tells_nothing()) continue;
            table.add({pattern, one.metric.task, one.metric.metric, text_of(one.mean, 4),
                       fmt::to_string(one.count)});
        }
    }
    return table;
}

std::vector<std::pair<std::string, Table>> benchmark_tables(const BenchmarkRecord& record) {
    std::vector<std::pair<std::string, Table>> tables;
    const auto add = [&](const std::string& title, Table table) {
        if (!table.empty()) tables.emplace_back(title, std::move(table));
    };
    for (const std::string& pattern : patterns_of(record)) {
        add(fmt::format("{}: index over a population of {}", pattern,
                        population_of(record.constants, pattern)),
            leaderboard(record, pattern));
        add(pattern + ": metrics, and rules without a model", metric_table(record, pattern));
    }
    add("Left out of the index: metrics in which all of the population agree",
        same_for_all(record));
    add("Agreement of patterns", consistency_table(record));
    add("Benefit of mixing (NS)", benefit_table(record));
    add("Perplexity at other lengths (CS, lm-syn)", length_table(record));
    add("Noise of the vanilla mixer", noise_table(record));
    for (const MeasuredCosts& costs : record.costs) {
        const CostPlace& place = costs.place;
        add(fmt::format("Efficiency lengths ({}, {}, width {}, batches of {})", place.device,
                        place.dtype, place.width, place.batch),
            efficiency_table(costs.curves, {vanilla_mixer, plain_mixer}, RandomKey{record.seed}));
    }
    return tables;
}

}  // namespace elm
