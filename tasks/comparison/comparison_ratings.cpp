#include "tasks/comparison/comparison_ratings.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/comparison/statistics/resampling.h"
#include "tasks/comparison/statistics/student_t.h"

namespace elm {
namespace {

std::vector<double> losses_of(const SampleScores& samples, const TaskSpec& task) {
    std::vector<double> losses;
    for (const LossSums& one : samples.sums) losses.push_back(one.mean(task));
    return losses;
}

/// Place of the share of right answers among the parts of a loss of classes.
std::size_t accuracy_part(const TaskSpec& task) {
    const auto found = std::find_if(task.loss_parts.begin(), task.loss_parts.end(),
                                    [](const LossPart& part) { return part.name == "accuracy"; });
    ELM_CHECK(found != task.loss_parts.end(),
              "the task {} has classes and no accuracy among the parts of its loss", task.name);
    return static_cast<std::size_t>(found - task.loss_parts.begin());
}

Answers answers_of(const CellResult& cell, const TaskSpec& task, std::optional<double> usual) {
    const SampleScores& samples = cell.on_samples;
    Answers answers;
    answers.raw_score = scores_of(losses_of(samples, task), usual);
    if (!task.has_labels) {
        answers.score = answers.raw_score;
        return answers;
    }
    answers.score = scores_of(samples.calibrated, usual);
    const std::size_t part = accuracy_part(task);
    for (const LossSums& one : samples.sums) answers.right.push_back(one.mean(part));
    return answers;
}

/// Median of all losses, on which scores of tasks without classes are measured.
double median_loss(const ComparisonResults& results) {
    std::vector<double> all;
    for (const CellResult& cell : results.cells()) {
        const std::vector<double> own = losses_of(cell.on_samples, results.task());
        all.insert(all.end(), own.begin(), own.end());
    }
    constexpr double least = 1e-30;  // of a task that is solved without error
    return std::max(least, percentile(std::move(all), 0.5));
}

/// The headline metric of each contestant, higher being better, with its interval over samples.
std::vector<RankedFigure> reference_of(const ComparisonResults& results,
                                       const std::vector<Contestant>& contestants,
                                       const RatingOptions& options) {
    const double sign = results.metric().higher_is_better ? 1 : -1;
    std::vector<SampleFigures> figures;
    for (const Contestant& contestant : contestants) {
        SampleFigures all;  // of its seeds together
        for (const CellResult& cell : results.cells()) {
            if (cell.model != contestant.name) continue;
            all.sums.resize(cell.on_samples.sums.size(), 0);
            all.counts.resize(cell.on_samples.sums.size(), 0);
            for (std::size_t k = 0; k < all.sums.size(); ++k) {
                const LossSums& one = cell.on_samples.sums[k];
                if (one.count == 0) continue;
                all.counts[k] += static_cast<double>(one.count);
                all.sums[k] += sign * static_cast<double>(one.count) *
                               value_of(results.metric(), results.task(), one);
            }
        }
        figures.push_back(std::move(all));
    }
    const ResampledScores resampled =
        resample(figures, options.rounds, options.key.for_purpose("reference"));
    std::vector<RankedFigure> reference;
    for (std::size_t k = 0; k < figures.size(); ++k) {
        std::vector<double> rounds;
        for (const auto& round : resampled.rounds) rounds.push_back(round[k]);
        reference.push_back(
            {resampled.scores[k], {percentile(rounds, 0.025), percentile(rounds, 0.975)}});
    }
    return reference;
}

std::string number(double value, int digits) {
    return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, digits);
}
std::string interval_text(const Interval& interval) {
    return std::isnan(interval.low) ? "-"
                                    : fmt::format("{:.0f} to {:.0f}", interval.low, interval.high);
}

}  // namespace

ComparisonRatings::ComparisonRatings(const ComparisonResults& results,
                                     const RatingOptions& options) {
    const TaskSpec& task = results.task();
    ELM_CHECK(scores_by_sample(task),
              "the samples of the task {} are not scored one by one, so nobody beats another on "
              "one of them.",
              task.name);
    const std::optional<double> usual =
        task.has_labels ? std::nullopt : std::optional(median_loss(results));
    for (const ModelSummary& model : results.models()) {
        if (model.done.empty() || std::ssize(model.done) < model.n_cells) continue;
        Contestant contestant{.name = model.model, .runs = {}};
        for (const CellResult* cell : model.done) {
            contestant.runs.push_back(answers_of(*cell, task, usual));
        }
        contestants_.push_back(std::move(contestant));
    }
    ELM_CHECK(contestants_.size() >= 2,
              "{} of the models have all their cells done: ratings take two at least.",
              contestants_.size());
    const std::vector<RankedFigure> reference = reference_of(results, contestants_, options);
    for (const Judge judge : judges_of(contestants_.front().runs.front())) {
        Ratings ratings = rate(contestants_, judge, options);
        std::vector<RankedFigure> rated;
        for (const Rating& row : ratings.rows) rated.push_back({row.elo, row.of_runs});
        judged_.push_back({std::move(ratings), agreement_of(rated, reference)});
    }
}

Table ComparisonRatings::rating_table() const {
    Table table({"judge", "model", "Elo", "95 % of these runs", "95 % of the model", "rank",
                 "wins %", "online Elo", "skill"});
    for (const JudgedRatings& one : judged_) {
        for (const Rating& row : one.ratings.rows) {
            table.add({std::string(name_of(one.ratings.judge)), row.name, number(row.elo, 0),
                       interval_text(row.of_runs), interval_text(row.of_model),
                       fmt::format("{}", row.rank), number(100 * row.win_share, 1),
                       number(row.online_elo, 0),
                       fmt::format("{:.1f} ({:.1f})", row.skill, row.skill_deviation)});
        }
    }
    return table;
}

Table ComparisonRatings::agreement_table() const {
    Table table({"judge", "ties %", "fit chi2", "degrees", "p of fit", "Spearman", "Kendall",
                 "agreement", "separated pairs", "opposed", "differentiation", "of the metric",
                 "same best", "prior"});
    constexpr std::int64_t fewest_models = 10;  // for figures of rank
    for (const auto& [ratings, agreement] : judged_) {
        const bool ranks = agreement.models >= fewest_models;
        table.add({std::string(name_of(ratings.judge)), number(100 * ratings.tie_share, 1),
                   number(ratings.fit.chi_squared, 2), fmt::format("{}", ratings.fit.degrees),
                   ratings.fit.degrees > 0
                       ? number(chi_squared_tail(ratings.fit.chi_squared,
                                                 static_cast<double>(ratings.fit.degrees)),
                                3)
                       : "-",
                   ranks ? number(agreement.spearman, 3) : "-",
                   ranks ? number(agreement.kendall, 3) : "-", number(agreement.agreement, 3),
                   fmt::format("{}", agreement.separated_pairs),
                   fmt::format("{}", agreement.opposed_pairs),
                   number(agreement.ratings_differentiation, 3),
                   number(agreement.reference_differentiation, 3),
                   agreement.same_best ? "yes" : "no", ratings.with_prior ? "yes" : "no"});
    }
    return table;
}

Table ComparisonRatings::win_table() const {
    const Ratings& ratings = judged_.front().ratings;
    std::vector<std::string> header{"wins % against"};
    for (const Rating& row : ratings.rows) header.push_back(row.name);
    Table table(header);
    for (std::int64_t a = 0; a < ratings.tally.size(); ++a) {
        std::vector<std::string> cells{ratings.rows[static_cast<std::size_t>(a)].name};
        for (std::int64_t b = 0; b < ratings.tally.size(); ++b) {
            cells.push_back(
                a == b ? "-"
                       : number(100 * ratings.tally.won(a, b) / ratings.tally.games(a, b), 1));
        }
        table.add(cells);
    }
    return table;
}

std::vector<Record> ComparisonRatings::to_records() const {
    std::vector<Record> records;
    for (const auto& [ratings, agreement] : judged_) {
        std::vector<Record> models;
        for (const Rating& row : ratings.rows) {
            models.push_back(Record()
                                 .set("model", row.name)
                                 .set("elo", row.elo)
                                 .set("95_low", row.of_runs.low)
                                 .set("95_high", row.of_runs.high)
                                 .set("model_95_low", row.of_model.low)
                                 .set("model_95_high", row.of_model.high)
                                 .set("rank", row.rank)
                                 .set("win_share", row.win_share)
                                 .set("online_elo", row.online_elo)
                                 .set("skill", row.skill)
                                 .set("skill_sd", row.skill_deviation));
        }
        records.push_back(Record()
                              .set("judge", std::string(name_of(ratings.judge)))
                              .set("models", models)
                              .set("tie_share", ratings.tie_share)
                              .set("with_prior", ratings.with_prior)
                              .set("fit_chi_squared", ratings.fit.chi_squared)
                              .set("fit_degrees", ratings.fit.degrees)
                              .set("spearman", agreement.spearman)
                              .set("kendall", agreement.kendall)
                              .set("agreement", agreement.agreement)
                              .set("separated_pairs", agreement.separated_pairs)
                              .set("opposed_pairs", agreement.opposed_pairs)
                              .set("differentiation", agreement.ratings_differentiation)
                              .set("metric_differentiation", agreement.reference_differentiation)
                              .set("same_best", agreement.same_best));
    }
    return records;
}

}  // namespace elm
