#include "tasks/arena/flywheel/flywheel_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/arena/flywheel/threshold_sweep.h"
#include "tasks/metrics.h"

namespace elm {
namespace {

constexpr const char *start_arm = "C0", *scratch_arm = "U";

struct NamedMeasure {
    const char* name;
    double StageMeasures::*value;
};
constexpr std::array named_measures{NamedMeasure{"elo", &StageMeasures::elo},
                                    NamedMeasure{"repaired", &StageMeasures::repaired},
                                    NamedMeasure{"broken", &StageMeasures::broken}};

std::string number(double value, int digits) {
    return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, digits);
}

}  // namespace

FlywheelReport::FlywheelReport(const FlywheelResults& results, const FlywheelOptions& options,
                               double margin, std::int64_t bootstrap_rounds)
    : results_(results), options_(options), metrics_(quality_metrics(results)) {
    for (const StageResult& one : results.stages) {
        const auto start = std::find_if(
            results.stages.begin(), results.stages.end(),
            [&](const auto& other) { return other.arm == start_arm && other.seed == one.seed; });
        ELM_ASSERT(start != results.stages.end());
        measures_.push_back(measures_of(one, *start, results, margin));
        const bool is_arm = one.arm != start_arm && one.arm != scratch_arm;
        if (is_arm && std::find(arms_.begin(), arms_.end(), one.arm) == arms_.end()) {
            arms_.push_back(one.arm);
        }
    }
    compare(bootstrap_rounds, options.recipe.seed);
}

std::vector<std::size_t> FlywheelReport::at(const std::string& arm, std::int64_t stage) const {
    std::vector<std::size_t> found;
    for (std::size_t k = 0; k < results_.stages.size(); ++k) {
        if (results_.stages[k].arm == arm && results_.stages[k].stage == stage) found.push_back(k);
    }
    return found;
}

double FlywheelReport::mean(const std::vector<std::size_t>& which,
                            double StageMeasures::*measure) const {
    double sum = 0;
    for (const std::size_t k : which) sum += measures_[k].*measure;
    return sum / static_cast<double>(which.size());
}

double FlywheelReport::mean_quality(const std::vector<std::size_t>& which,
                                    std::size_t metric) const {
    double sum = 0;
    for (const std::size_t k : which) sum += measures_[k].quality[metric];
    return sum / static_cast<double>(which.size());
}

void FlywheelReport::compare(std::int64_t bootstrap_rounds, std::uint64_t seed) {
    const RandomKey key = RandomKey{seed}.for_purpose("flywheel");
    std::vector<double> p;
    for (std::int64_t round = 1; round <= options_.rounds; ++round) {
        const std::int64_t stage = round * stages_of_round() - 1;
        std::vector<SampleFigures> figures;
        std::vector<std::vector<std::size_t>> runs;  // of each arm, among the figures
        for (const std::string& arm : arms_) {
            std::vector<std::size_t>& own = runs.emplace_back();
            for (const std::size_t k : at(arm, stage)) {
                own.push_back(figures.size());
                figures.push_back(quality_by_sample(results_.stages[k]));
            }
        }
        const RandomKey of_round = key.at_step(static_cast<std::uint64_t>(round));
        const ResampledScores resampled = resample(figures, bootstrap_rounds, of_round);
        const double of_f = results_.stages[at("F", stage).front()].forwards;
        for (std::size_t arm = 1; arm < arms_.size(); ++arm) {
            ArmDifference one{.round = round, .control = arms_[arm]};
            one.quality = paired_difference(resampled, runs.front(), runs[arm],
                                            std::ssize(figures.front().sums), of_round);
            std::vector<double> by_seed;
            for (std::size_t k = 0; k < runs[arm].size(); ++k) {
                by_seed.push_back(resampled.scores[runs.front()[k]] -
                                  resampled.scores[runs[arm][k]]);
            }
            one.seed_deviation = estimate_over_seeds(by_seed).deviation;
            one.forwards_ratio = of_f / results_.stages[at(arms_[arm], stage).front()].forwards;
            differences_.push_back(one);
            p.push_back(one.quality.p);
        }
    }
    const std::vector<double> adjusted = holm_adjusted(p);
    for (std::size_t k = 0; k < differences_.size(); ++k) differences_[k].p_holm = adjusted[k];
}

std::string FlywheelReport::verdict() const {
    constexpr double level = 0.05;
    std::vector<std::string> gains;
    for (std::int64_t round = 1; round <= options_.rounds; ++round) {
        int beaten = 0;
        for (const ArmDifference& one : differences_) {
            const bool counts = one.control == "C1" || one.control == "C2" || one.control == "C3";
            if (one.round != round || !counts) continue;
            beaten += one.quality.interval.low > 0 && one.p_holm < level ? 1 : 0;
        }
        constexpr int all_of_them = 3;
        if (beaten == all_of_them) gains.push_back(fmt::format("{}", round));
    }
    if (std::find(arms_.begin(), arms_.end(), "C1") == arms_.end() ||
        std::find(arms_.begin(), arms_.end(), "C2") == arms_.end() ||
        std::find(arms_.begin(), arms_.end(), "C3") == arms_.end()) {
        return "no gain is claimed: that takes the controls C1, C2 and C3";
    }
    if (gains.empty()) {
        return fmt::format(
            "no gain: after none of {} rounds is the flywheel better than C1, C2 "
            "and C3 together at equal compute (95 %, Holm)",
            options_.rounds);
    }
    return fmt::format(
        "a gain at equal compute over C1, C2 and C3 after round {} of {} (95 %, "
        "Holm)",
        fmt::join(gains, ", "), options_.rounds);
}

Table FlywheelReport::arm_table() const {
    std::vector<std::string> columns{"arm", "round", primary().label, "SD of seeds"};
    for (std::size_t k = 1; k < metrics_.size(); ++k) columns.push_back(metrics_[k].label);
    for (const char* const name :
         {"Elo", "repaired %", "broken %", "chosen", "updates", "sample-forwards"}) {
        columns.emplace_back(name);
    }
    Table table(columns);
    const auto add = [&](const std::string& arm, std::int64_t stage) {
        const std::vector<std::size_t> own = at(arm, stage);
        if (own.empty()) return;
        std::vector<double> by_seed;
        double chosen = 0, updates = 0;
        for (const std::size_t k : own) {
            by_seed.push_back(measures_[k].quality.front());
            chosen += static_cast<double>(results_.stages[k].chosen);
            updates += static_cast<double>(results_.stages[k].updates);
        }
        const auto n = static_cast<double>(own.size());
        const StageResult& first = results_.stages[own.front()];
        std::vector<std::string> row{arm, fmt::format("{}", first.round),
                                     number(mean_quality(own), 4),
                                     number(estimate_over_seeds(by_seed).deviation, 4)};
        for (std::size_t k = 1; k < metrics_.size(); ++k) {
            row.push_back(number(mean_quality(own, k), 4));
        }
        for (const std::string& cell :
             {number(mean(own, &StageMeasures::elo), 0),
              number(100 * mean(own, &StageMeasures::repaired), 1),
              number(100 * mean(own, &StageMeasures::broken), 1), number(chosen / n, 0),
              number(updates / n, 0), number(first.forwards, 0)}) {
            row.push_back(cell);
        }
        table.add(row);
    };
    add(start_arm, -1);
    for (const std::string& arm : arms_) {
        for (std::int64_t round = 1; round <= options_.rounds; ++round) {
            add(arm, round * stages_of_round() - 1);
        }
    }
    add(scratch_arm, options_.rounds * stages_of_round() - 1);
    return table;
}

Table FlywheelReport::difference_table() const {
    Table table({"round", primary().higher_is_better ? "F minus" : "F against",
                 primary().higher_is_better ? primary().label : primary().label + " saved", "95 %",
                 "p", "p (Holm)", "SD of seeds", "difference / SD", "compute of F / control"});
    for (const ArmDifference& one : differences_) {
        table.add({fmt::format("{}", one.round), one.control, number(one.quality.value, 4),
                   fmt::format("{} to {}", number(one.quality.interval.low, 4),
                               number(one.quality.interval.high, 4)),
                   number(one.quality.p, 4), number(one.p_holm, 4), number(one.seed_deviation, 4),
                   one.seed_deviation > 0 ? number(one.quality.value / one.seed_deviation, 2) : "-",
                   number(one.forwards_ratio, 4)});
    }
    return table;
}

Table FlywheelReport::choice_table() const {
    Table table({"round", "stage", "kind", "threshold", "chosen", "difficulty",
                 "largest class, ratio", primary().label + " after"});
    const std::int64_t stages = options_.rounds * stages_of_round();
    for (std::int64_t stage = 0; stage < stages; ++stage) {
        const std::vector<std::size_t> own = at("F", stage);
        double threshold = 0, chosen = 0, difficulty = 0, largest = 0;
        const auto n = static_cast<double>(own.size());
        for (const std::size_t k : own) {
            const StageResult& one = results_.stages[k];
            threshold += one.threshold / n;
            chosen += static_cast<double>(one.chosen) / n;
            difficulty += one.difficulty / n;
            largest = std::max(largest, one.largest_class);
        }
        const StageResult& first = results_.stages[own.front()];
        table.add({fmt::format("{}", first.round), fmt::format("{}", stage + 1), first.kind,
                   number(threshold, 2), number(chosen, 0), number(difficulty, 2),
                   number(largest, 2), number(mean_quality(own), 4)});
    }
    return table;
}

Table FlywheelReport::stage_rows() const {
    Table table({"arm", "seed", "round", "stage", "metric", "value", "updates", "forwards",
                 "chosen", "difficulty"});
    for (std::size_t k = 0; k < results_.stages.size(); ++k) {
        const StageResult& one = results_.stages[k];
        const auto add = [&](const std::string& name, double value) {
            table.add({one.arm, fmt::format("{}", one.seed), fmt::format("{}", one.round),
                       fmt::format("{}", one.stage + 1), name, number(value, 6),
                       fmt::format("{}", one.updates), number(one.forwards, 0),
                       fmt::format("{}", one.chosen), number(one.difficulty, 3)});
        };
        for (std::size_t m = 0; m < metrics_.size(); ++m) {
            add(metrics_[m].name, measures_[k].quality[m]);
        }
        for (const NamedMeasure& measure : named_measures) {
            add(measure.name, measures_[k].*measure.value);
        }
    }
    return table;
}

std::vector<std::pair<std::string, Table>> FlywheelReport::tables() const {
    Table arms({"arm", "what it trains on, and what it answers"});
    arms.add({start_arm, "the start: trained on D0 alone"});
    for (const std::string& arm : arms_) arms.add({arm, question_of(arm_called(arm))});
    arms.add({scratch_arm, "a reference: D0 and all parts from scratch, for the same compute"});
    std::vector<std::pair<std::string, Table>> all{
        {"Arms after each round, means over seeds", arm_table()},
        {primary().higher_is_better ? "Flywheel minus controls" : "Flywheel against controls",
         difference_table()},
        {"What the flywheel chose", choice_table()}};
    if (!results_.sweep.empty()) {
        all.emplace_back("Thresholds, chosen on ARENA-DEV", sweep_table(results_.sweep));
    }
    all.emplace_back("Arms", arms);
    return all;
}

Figure FlywheelReport::figure() const {
    Panel panel{.x_label = "sample-forwards in stages (a training sample is three)",
                .y_label = primary().label + " on TEST",
                .key = key_beside};
    const double start = mean_quality(at(start_arm, -1));
    double last = 0;
    for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
        Curve curve{.title = arms_[arm],
                    .mark = arm == 0 ? Mark::thick_line : Mark::line,
                    .colour = colour::of_series(arm, arms_.size()),
                    .x = {0},
                    .y = {start}};
        const std::int64_t stages = options_.rounds * stages_of_round();
        for (std::int64_t stage = 0; stage < stages; ++stage) {
            const std::vector<std::size_t> own = at(arms_[arm], stage);
            curve.x.push_back(results_.stages[own.front()].forwards);
            curve.y.push_back(mean_quality(own));
            last = std::max(last, curve.x.back());
        }
        panel.curves.push_back(std::move(curve));
    }
    const std::vector<std::size_t> scratch =
        at(scratch_arm, options_.rounds * stages_of_round() - 1);
    if (!scratch.empty()) {
        const double level = mean_quality(scratch);
        panel.curves.push_back({.title = "from scratch",
                                .mark = Mark::dashed_line,
                                .colour = colour::no_value,
                                .x = {0, last},
                                .y = {level, level}});
    }
    return {
        fmt::format("{}: {} against compute, mean over {} seeds",
                    results_.stages.front().predictions.task, primary().label, options_.n_seeds),
        {panel}};
}

Record FlywheelReport::to_record() const {
    std::vector<std::string> opponents;
    for (const Predictions& one : results_.opponents) opponents.push_back(one.model);
    Record record;
    record.set("task", results_.stages.front().predictions.task)
        .set("target", options_.target)
        .set("opponents", opponents)
        .set("verdict", verdict())
        .set("arms", arm_table().to_records())
        .set("differences", difference_table().to_records())
        .set("choices", choice_table().to_records());
    if (!results_.sweep.empty()) {
        record.set("thresholds", sweep_table(results_.sweep).to_records());
    }
    return record;
}

}  // namespace elm
