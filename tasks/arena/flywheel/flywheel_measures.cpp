#include "tasks/arena/flywheel/flywheel_measures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "tasks/comparison/statistics/bradley_terry.h"

namespace elm {
namespace {

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// 1, 0.5 or 0 by sample against the best opponent of each.
std::vector<double> against_best(const PartAnswers& target, const FlywheelResults& all,
                                 double margin) {
    PartBattle battle{.target = &target, .usual = all.usual};
    for (const Predictions& one : all.opponents) battle.opponents.push_back(&one.part(target.part));
    std::vector<double> outcomes;
    for (std::int64_t i = 0; i < target.size(); ++i) {
        const double gap = battle.gap(i);
        outcomes.push_back(gap > margin ? 0 : gap < -margin ? 1 : 0.5);
    }
    return outcomes;
}

double elo_of(const PartAnswers& target, const FlywheelResults& results, double margin) {
    std::vector<Answers> all{judged_answers(target, results.usual)};
    for (const Predictions& one : results.opponents) {
        all.push_back(judged_answers(one.part(target.part), results.usual));
    }
    PairTally tally(std::ssize(all));
    for (std::size_t a = 0; a < all.size(); ++a) {
        for (std::size_t b = a + 1; b < all.size(); ++b) {
            for (std::int64_t i = 0; i < target.size(); ++i) {
                const double won = outcome(Judge::calibrated, all[a], all[b], i, margin);
                tally.won(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)) += won;
                tally.won(static_cast<std::int64_t>(b), static_cast<std::int64_t>(a)) += 1 - won;
            }
        }
    }
    const std::vector<double> strengths = bradley_terry(tally, !tally.is_connected());
    const double others = std::accumulate(strengths.begin() + 1, strengths.end(), 0.0) /
                          static_cast<double>(results.opponents.size());
    return elo_points(strengths.front() - others);
}

/// Share of samples with `before(outcome)` for which `now(outcome)`.
template <class Before, class Now>
double share(const std::vector<double>& start, const std::vector<double>& end, const Before& before,
             const Now& now) {
    double of = 0, are = 0;
    for (std::size_t i = 0; i < start.size(); ++i) {
        if (!before(start[i])) continue;
        of += 1;
        are += now(end[i]) ? 1 : 0;
    }
    return of > 0 ? are / of : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double expected_calibration_error(const PartAnswers& answers, double temperature,
                                  std::int64_t n_bins) {
    std::vector<std::pair<double, double>> all;  // confidence, right
    for (std::int64_t i = 0; i < answers.size(); ++i) {
        const std::vector<double> z = answers.output(i);
        const double largest = *std::max_element(z.begin(), z.end());
        double sum = 0;
        for (const double one : z) sum += std::exp((one - largest) / temperature);
        all.emplace_back(1 / sum, answers.right[static_cast<std::size_t>(i)]);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::int64_t n = std::ssize(all);
    double error = 0;
    for (std::int64_t bin = 0; bin < n_bins; ++bin) {
        double difference = 0;
        for (std::int64_t i = bin * n / n_bins; i < (bin + 1) * n / n_bins; ++i) {
            const auto& [confidence, right] = all[static_cast<std::size_t>(i)];
            difference += right - confidence;
        }
        error += std::abs(difference) / static_cast<double>(n);
    }
    return error;
}

std::vector<Metric> quality_metrics(const FlywheelResults& results) {
    if (!results.stages.front().predictions.part(part::test).right.empty()) {
        return {{.name = "accuracy", .label = "accuracy", .higher_is_better = true},
                {.name = "cross_entropy", .label = "cross entropy"},
                {.name = "calibration_error", .label = "ECE"}};
    }
    std::vector<Metric> metrics{{.name = "loss", .label = "loss"}};
    if (results.loss_parts.size() < 2) return metrics;
    for (const LossPart& one : results.loss_parts) {
        std::string label = one.name;
        std::replace(label.begin(), label.end(), '_', ' ');
        metrics.push_back({.name = one.name, .label = label});
    }
    return metrics;
}

SampleFigures quality_by_sample(const StageResult& result) {
    const PartAnswers& test = result.predictions.part(part::test);
    if (!test.right.empty()) {
        return {.sums = test.right, .counts = std::vector<double>(test.right.size(), 1)};
    }
    SampleFigures figures;
    for (std::size_t k = 0; k < test.loss.size(); ++k) {
        // Samples of one group stand next to each other.
        const bool is_new = k == 0 || test.group.empty() || test.group[k] != test.group[k - 1];
        if (is_new) {
            figures.sums.push_back(0);
            figures.counts.push_back(0);
        }
        figures.sums.back() -= test.loss[k];
        figures.counts.back() += 1;
    }
    return figures;
}

StageMeasures measures_of(const StageResult& result, const StageResult& start,
                          const FlywheelResults& all, double margin) {
    const PartAnswers &test = result.predictions.part(part::test),
                      &arena = result.predictions.part(part::arena);
    const std::vector<double> before =
                                  against_best(start.predictions.part(part::arena), all, margin),
                              now = against_best(arena, all, margin);
    const auto lost = [](double outcome) { return outcome == 0; };
    const auto not_lost = [](double outcome) { return outcome > 0; };
    StageMeasures measures{.elo = elo_of(arena, all, margin),
                           .repaired = share(before, now, lost, not_lost),
                           .broken = share(before, now, not_lost, lost)};
    if (!test.right.empty()) {
        measures.quality = {mean(test.right), mean(test.loss),
                            expected_calibration_error(test, result.predictions.temperature)};
        return measures;
    }
    measures.quality = {mean(test.loss)};
    const auto n_terms = static_cast<std::size_t>(test.n_terms());
    for (std::size_t term = 0; n_terms > 1 && term < n_terms; ++term) {
        double sum = 0;
        for (std::size_t k = term; k < test.terms.size(); k += n_terms) sum += test.terms[k];
        measures.quality.push_back(sum / static_cast<double>(test.size()));
    }
    return measures;
}

}  // namespace elm
