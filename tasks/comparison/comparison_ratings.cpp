#include "tasks/comparison/comparison_ratings.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tasks/comparison/statistics/resampling.h"

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

}  // namespace elm
