#include "tasks/arena/battle/arena_ratings.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/arena/battle/battle.h"
#include "tasks/comparison/statistics/intervals.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

/// Predictions by model, in the order in which the models come, each by rising seed.
struct RunsOfModel {
    std::string model;
    std::vector<const Predictions*> runs;
};

std::vector<RunsOfModel> by_model(const std::vector<Predictions>& all) {
    std::vector<RunsOfModel> models;
    for (const Predictions& one : all) {
        auto found = std::find_if(models.begin(), models.end(),
                                  [&](const auto& known) { return known.model == one.model; });
        if (found == models.end()) found = models.insert(models.end(), {one.model, {}});
        for (const Predictions* const other : found->runs) {
            ELM_CHECK(other->seed != one.seed,
                      "seed {} of {} is given twice: two files hold its predictions.", one.seed,
                      one.model);
        }
        found->runs.push_back(&one);
    }
    for (RunsOfModel& model : models) {
        std::sort(model.runs.begin(), model.runs.end(),
                  [](const auto* a, const auto* b) { return a->seed < b->seed; });
        ELM_CHECK(model.runs.size() == models.front().runs.size(),
                  "{} has {} runs and {} has {}: ratings take the same seeds of all.", model.model,
                  model.runs.size(), models.front().model, models.front().runs.size());
    }
    return models;
}

void check(const std::vector<Predictions>& all, const std::string& part) {
    ELM_CHECK(!all.empty(), "ratings take files of predictions.");
    const Predictions& first = all.front();
    for (const Predictions& one : all) {
        if (one.task != first.task || one.arena_fingerprint != first.arena_fingerprint ||
            one.part(part).samples != first.part(part).samples) {
            throw Error(ErrorKind::data,
                        fmt::format("{} answered other samples than {}: only models of one arena "
                                    "are rated together.",
                                    run_name(one), run_name(first)));
        }
    }
}

/// The place of each sample's group, where those of one group stand next to each other.
std::vector<std::size_t> places_of_groups(const PartAnswers& answers) {
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < answers.loss.size(); ++k) {
        const bool is_new =
            answers.group.empty() || k == 0 || answers.group[k] != answers.group[k - 1];
        places.push_back(k == 0 ? 0 : places.back() + std::size_t{is_new});
    }
    return places;
}

/// The metric of a part, higher being better, with its interval over samples or groups of them.
std::vector<RankedFigure> reference_of(const std::vector<RunsOfModel>& models,
                                       const std::string& part, const RatingOptions& options) {
    std::vector<SampleFigures> figures;
    for (const RunsOfModel& model : models) {
        SampleFigures own;
        for (const Predictions* const run : model.runs) {
            const PartAnswers& answers = run->part(part);
            const std::vector<std::size_t> places = places_of_groups(answers);
            own.sums.resize(places.back() + 1, 0);
            own.counts.resize(places.back() + 1, 0);
            for (std::size_t i = 0; i < answers.loss.size(); ++i) {
                own.sums[places[i]] += answers.right.empty() ? -answers.loss[i] : answers.right[i];
                own.counts[places[i]] += 1;
            }
        }
        figures.push_back(std::move(own));
    }
    const ResampledScores resampled =
        resample(figures, options.rounds, options.key.for_purpose("reference"));
    std::vector<RankedFigure> reference;
    for (std::size_t m = 0; m < figures.size(); ++m) {
        std::vector<double> rounds;
        for (const auto& round : resampled.rounds) rounds.push_back(round[m]);
        reference.push_back(
            {resampled.scores[m], {percentile(rounds, 0.025), percentile(rounds, 0.975)}});
    }
    return reference;
}

Agreement unknown_agreement(std::int64_t models) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    return {.models = models,
            .spearman = unknown,
            .kendall = unknown,
            .agreement = unknown,
            .ratings_differentiation = unknown,
            .reference_differentiation = unknown};
}

Answers some_of(const Answers& answers, const std::vector<std::size_t>& samples) {
    Answers some;
    for (const std::size_t i : samples) {
        if (!answers.right.empty()) some.right.push_back(answers.right[i]);
        some.score.push_back(answers.score[i]);
        some.raw_score.push_back(answers.raw_score[i]);
    }
    return some;
}

bool has_part(const Predictions& predictions, const std::string& name) {
    return std::any_of(predictions.parts.begin(), predictions.parts.end(),
                       [&](const PartAnswers& one) { return one.part == name; });
}

}  // namespace

ArenaRatings::ArenaRatings(const std::vector<Predictions>& all, const ArenaRatingOptions& options) {
    check(all, options.part);
    task_ = all.front().task;
    const std::vector<RunsOfModel> models = by_model(all);
    ELM_CHECK(models.size() >= 2, "{} model alone meets nobody: ratings take two at least.",
              models.size());
    const double usual = usual_loss(all, options.part);
    RatingOptions rating = options.rating;
    rating.groups = all.front().part(options.part).group;
    for (const RunsOfModel& model : models) {
        Contestant contestant{.name = model.model, .runs = {}};
        for (const Predictions* const run : model.runs) {
            contestant.runs.push_back(judged_answers(run->part(options.part), usual));
        }
        contestants_.push_back(std::move(contestant));
    }
    has_reference_ = std::all_of(all.begin(), all.end(), [&](const Predictions& one) {
        return has_part(one, options.reference);
    });
    const std::vector<RankedFigure> reference =
        has_reference_ ? reference_of(models, options.reference, rating)
                       : std::vector<RankedFigure>{};
    for (const Judge judge : judges_of(contestants_.front().runs.front())) {
        Ratings ratings = rate(contestants_, judge, rating);
        ELM_CHECK(options.allows_prior || !ratings.with_prior,
                  "by judge {} some model never wins, or never loses, so there are no strengths "
                  "that fit best: allow the prior of half a game won and lost.",
                  name_of(judge));
        std::vector<RankedFigure> rated;
        for (const Rating& row : ratings.rows) rated.push_back({row.elo, row.of_runs});
        judged_.push_back({std::move(ratings), has_reference_
                                                   ? agreement_of(rated, reference)
                                                   : unknown_agreement(std::ssize(rated))});
        transitivity_.push_back(judge == Judge::label ? std::optional<Transitivity>{}
                                                      : transitivity(contestants_, judge, rating));
    }
    rate_thirds(all.front().part(options.part).difficulty, rating);
}

void ArenaRatings::rate_thirds(const std::vector<double>& difficulty,
                               const RatingOptions& options) {
    constexpr std::size_t n_thirds = 3;
    if (difficulty.size() < n_thirds) return;
    std::vector<std::size_t> order(difficulty.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return difficulty[a] < difficulty[b]; });
    // PC: of all judges it sees most, and every task has it.
    constexpr Judge judge = Judge::calibrated;
    const char* const names[n_thirds] = {"easy", "middle", "hard"};
    for (std::size_t third = 0; third < n_thirds; ++third) {
        const auto at = [&](std::size_t share) {
            return order.begin() + static_cast<std::ptrdiff_t>(share * order.size() / n_thirds);
        };
        const std::vector<std::size_t> own(at(third), at(third + 1));
        std::vector<Contestant> some;
        for (const Contestant& one : contestants_) {
            Contestant& part = some.emplace_back(Contestant{one.name, {}});
            for (const Answers& run : one.runs) part.runs.push_back(some_of(run, own));
        }
        double sum = 0;
        for (const std::size_t i : own) sum += difficulty[i];
        RatingOptions quick = options;
        quick.resamples_seeds = false;
        quick.groups.clear();
        for (const std::size_t i : own) {
            if (!options.groups.empty()) quick.groups.push_back(options.groups[i]);
        }
        const Ratings ratings = rate(some, judge, quick);
        for (const Rating& row : ratings.rows) {
            thirds_.add({std::string(name_of(judge)), names[third], fmt::format("{}", own.size()),
                         fmt::format("{:.2f}", sum / static_cast<double>(own.size())), row.name,
                         fmt::format("{:.0f}", row.elo),
                         fmt::format("{:.0f} to {:.0f}", row.of_runs.low, row.of_runs.high)});
        }
    }
}

Table ArenaRatings::transitivity_table() const {
    Table table({"judge", "chi2 of first runs", "p by resampling"});
    for (std::size_t k = 0; k < judged_.size(); ++k) {
        if (!transitivity_[k]) continue;
        table.add({std::string(name_of(judged_[k].ratings.judge)),
                   fmt::format("{:.2f}", transitivity_[k]->chi_squared),
                   contestants_.size() < 3 ? "-" : fmt::format("{:.3f}", transitivity_[k]->p)});
    }
    return table;
}

std::vector<std::pair<std::string, Table>> ArenaRatings::tables() const {
    std::vector<std::pair<std::string, Table>> all{{"Ratings", rating_table(judged_)}};
    if (!thirds_.empty()) all.emplace_back("Ratings by difficulty", thirds_);
    all.emplace_back(
        "Agreement with the metric. Fit: games of all runs against one strength for each model, p "
        "as "
        "if games were independent",
        agreement_table(judged_));
    all.emplace_back(
        "Transitivity. First runs alone, p by drawing samples anew, which games share: small where "
        "one strength for each model does not explain who beats whom. Not by L, whose wins are "
        "differences of accuracy and in one order with it",
        transitivity_table());
    for (const JudgedRatings& one : judged_) {
        all.emplace_back(fmt::format("Wins by judge {}", name_of(one.ratings.judge)),
                         win_table(one.ratings));
    }
    return all;
}

Record ArenaRatings::to_record() const {
    return Record()
        .set("task", task_)
        .set("models", static_cast<std::int64_t>(contestants_.size()))
        .set("ratings", rating_records(judged_))
        .set("transitivity", transitivity_table().to_records())
        .set("thirds", thirds_.to_records());
}

}  // namespace elm
