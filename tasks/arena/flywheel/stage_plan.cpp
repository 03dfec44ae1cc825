#include "tasks/arena/flywheel/stage_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/arena/battle/battle.h"
#include "tasks/arena/learning/arena_training.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {

LessonPlan plan_stage(const ArmChoice& choice, const SampleNumbers& part, const SampleNumbers& old,
                      const StageMix& mix, const LessonSettings& settings) {
    const auto n_old =
        static_cast<std::int64_t>(std::lround(mix.old_share * static_cast<double>(mix.batch)));
    const std::int64_t n_new = mix.batch - n_old;
    // Turns of places in the part, which stand where samples of the pool will.
    const std::vector<ScheduledLesson> places =
        epochs_of(choice.places, n_new * mix.updates, mix.seed + 1);
    const std::vector<ScheduledLesson> before =
        n_old > 0 ? epochs_of(old, n_old * mix.updates, mix.seed + 2)
                  : std::vector<ScheduledLesson>{};
    LessonPlan plan{.schedule = {}, .lessons = choice.lessons, .settings = settings};
    std::vector<std::int64_t> lesson_of(part.size(), -1);
    for (std::size_t k = 0; k < choice.lessons.size(); ++k) {
        lesson_of[static_cast<std::size_t>(choice.places[k])] = static_cast<std::int64_t>(k);
    }
    for (std::int64_t update = 0; update < mix.updates; ++update) {
        for (std::int64_t k = 0; k < n_new; ++k) {
            const auto place = static_cast<std::size_t>(
                places[static_cast<std::size_t>(update * n_new + k)].sample);
            plan.schedule.push_back({part[place], lesson_of[place]});
        }
        for (std::int64_t k = 0; k < n_old; ++k) {
            plan.schedule.push_back(before[static_cast<std::size_t>(update * n_old + k)]);
        }
    }
    return plan;
}

double preference_beta(const PartAnswers& answers) {
    std::vector<double> distance;
    for (std::int64_t k = 0; k < answers.size(); ++k) {
        const std::vector<double> z = answers.output(k);
        const auto label = static_cast<std::size_t>(answers.label[static_cast<std::size_t>(k)]);
        const auto wrong = static_cast<std::size_t>(strongest_wrong(answers, k));
        distance.push_back(std::abs(z[label] - z[wrong]));
    }
    constexpr double least = 1e-3;
    return 1 / std::max(least, percentile(std::move(distance), 0.5));
}

double mean_difficulty(const ArmChoice& choice, const PartBattle& battle) {
    double sum = 0;
    for (const std::int64_t place : choice.places) sum += battle.difficulty(place);
    return sum / static_cast<double>(choice.places.size());
}

double largest_class(const ArmChoice& choice, const PartBattle& battle) {
    const std::vector<std::int32_t> labels = classes_of(*battle.opponents.front());
    std::map<std::int32_t, double> in_part, in_choice;
    for (const std::int32_t label : labels) in_part[label] += 1;
    for (const std::int64_t place : choice.places) {
        in_choice[labels[static_cast<std::size_t>(place)]] += 1;
    }
    double largest = 0;
    for (const auto& [label, count] : in_choice) {
        const double share = count / static_cast<double>(choice.places.size()),
                     usual = in_part[label] / static_cast<double>(labels.size());
        largest = std::max(largest, share / usual);
    }
    return largest;
}

double mean_score(const Predictions& model, const std::string& part, double usual) {
    const std::vector<double> scores = scores_of_part(model.part(part), usual);
    return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

OpponentChoice choose_opponents(std::vector<Predictions> all, const std::string& part,
                                double target, std::int64_t count, double usual) {
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
        return mean_score(a, part, usual) > mean_score(b, part, usual);
    });
    std::string scores = fmt::format("target {:.3f}", target);
    OpponentChoice choice{.usual = usual};
    for (Predictions& one : all) {
        const double score = mean_score(one, part, usual);
        scores += fmt::format(", {} {:.3f}", one.model, score);
        if (score > target && std::ssize(choice.chosen) < count) {
            choice.chosen.push_back(std::move(one));
        } else {
            choice.left_out.push_back(one.model);
        }
    }
    if (!choice.chosen.empty()) return choice;
    throw Error(ErrorKind::data,
                fmt::format("no opponent is better than the target on {} (mean scores: {}): there "
                            "is nobody to learn from. Train the opponents longer or choose larger "
                            "ones, or the target less.",
                            part, scores));
}

}  // namespace elm
