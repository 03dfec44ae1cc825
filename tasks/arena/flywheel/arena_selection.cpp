#include "tasks/arena/flywheel/arena_selection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tasks/data/keyed_permutation.h"

namespace elm {
namespace {

double share_of_right(const PartAnswers& answers, std::int64_t place, double usual) {
    const auto at = static_cast<std::size_t>(place);
    return answers.right.empty() ? std::exp(-std::max(0.0, answers.loss[at]) / usual)
                                 : std::exp(-answers.calibrated[at]);
}

/// Calls select(threshold) with thresholds that fall until enough is selected.
template <class Select>
auto with_enough(const PartBattle& battle, double threshold, const Select& select) {
    constexpr double least_share = 0.01;
    for (;; threshold = std::max(0.0, threshold - 1)) {
        auto found = select(threshold);
        if (threshold <= 0 ||
            static_cast<double>(found.size()) >= least_share * static_cast<double>(battle.size())) {
            return std::pair(std::move(found), threshold);
        }
    }
}

}  // namespace

bool PartBattle::is_right(const PartAnswers& answers, std::int64_t place) const {
    const auto at = static_cast<std::size_t>(place);
    return answers.right.empty() ? answers.loss[at] < usual : answers.right[at] == 1;
}

double PartBattle::score(const PartAnswers& answers, std::int64_t place) const {
    return 1 + 9 * share_of_right(answers, place, usual);
}

double PartBattle::target_score(std::int64_t place) const { return score(*target, place); }

double PartBattle::opponent_score(std::size_t opponent, std::int64_t place) const {
    return score(*opponents[opponent], place);
}

std::size_t PartBattle::best_opponent(std::int64_t place) const {
    std::size_t best = 0;
    for (std::size_t k = 1; k < opponents.size(); ++k) {
        if (opponent_score(k, place) > opponent_score(best, place)) best = k;
    }
    return best;
}

std::size_t PartBattle::worst_opponent(std::int64_t place) const {
    std::size_t worst = 0;
    for (std::size_t k = 1; k < opponents.size(); ++k) {
        if (opponent_score(k, place) < opponent_score(worst, place)) worst = k;
    }
    return worst;
}

double PartBattle::gap(std::int64_t place) const {
    return opponent_score(best_opponent(place), place) - target_score(place);
}

double PartBattle::difficulty(std::int64_t place) const {
    double sum = 0;
    for (const PartAnswers* const one : opponents) sum += share_of_right(*one, place, usual);
    return 10 * (1 - sum / static_cast<double>(opponents.size()));
}

Selected select_lost(const PartBattle& battle, double threshold, bool winner_is_right) {
    const auto select = [&](double at) {
        SampleNumbers places;
        for (std::int64_t i = 0; i < battle.size(); ++i) {
            const PartAnswers& winner = *battle.opponents[battle.best_opponent(i)];
            const bool lost = battle.gap(i) > at;
            const bool right = battle.is_right(winner, i);
            const bool by_all = !right && !battle.is_right(*battle.target, i);
            if (winner_is_right ? lost && right : lost || by_all) places.push_back(i);
        }
        return places;
    };
    auto [places, used] = with_enough(battle, threshold, select);
    return {std::move(places), used};
}

std::vector<SelectedPair> select_pairs(const PartBattle& battle, double threshold) {
    const auto select = [&](double at) {
        std::vector<SelectedPair> pairs;
        for (std::int64_t i = 0; i < battle.size(); ++i) {
            const PartAnswers& winner = *battle.opponents[battle.best_opponent(i)];
            const PartAnswers& worst = *battle.opponents[battle.worst_opponent(i)];
            if (battle.gap(i) > at && battle.is_right(winner, i)) {
                pairs.push_back({i, battle.target});
            } else if (battle.gap(i) < 0 && battle.is_right(*battle.target, i) &&
                       battle.target_score(i) - battle.score(worst, i) > at) {
                pairs.push_back({i, &worst});
            }
        }
        return pairs;
    };
    return with_enough(battle, threshold, select).first;
}

std::int32_t answer_to_reject(const PartAnswers& answers, std::int64_t place) {
    if (answers.right[static_cast<std::size_t>(place)] == 1) {
        return strongest_wrong(answers, place);
    }
    const std::vector<double> z = answers.output(place);
    return static_cast<std::int32_t>(std::max_element(z.begin(), z.end()) - z.begin());
}

std::vector<std::int32_t> classes_of(const PartAnswers& answers) {
    return answers.label.empty() ? std::vector<std::int32_t>(answers.loss.size(), 0)
                                 : answers.label;
}

std::int32_t strongest_wrong(const PartAnswers& answers, std::int64_t place) {
    const std::vector<double> z = answers.output(place);
    const auto label = static_cast<std::size_t>(answers.label[static_cast<std::size_t>(place)]);
    std::size_t strongest = label == 0 ? 1 : 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
        if (k != label && z[k] > z[strongest]) strongest = k;
    }
    return static_cast<std::int32_t>(strongest);
}

SampleNumbers hardest_of_own(const PartAnswers& target, std::int64_t count) {
    SampleNumbers places(target.loss.size());
    std::iota(places.begin(), places.end(), std::int64_t{0});
    std::stable_sort(places.begin(), places.end(), [&](std::int64_t a, std::int64_t b) {
        return target.loss[static_cast<std::size_t>(a)] > target.loss[static_cast<std::size_t>(b)];
    });
    places.resize(std::min(places.size(), static_cast<std::size_t>(count)));
    std::sort(places.begin(), places.end());
    return places;
}

SampleNumbers random_like(const std::vector<std::int32_t>& labels, const SampleNumbers& like,
                          const RandomKey& key) {
    std::map<std::int32_t, SampleNumbers> of_class;
    std::map<std::int32_t, std::size_t> wanted;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        of_class[labels[i]].push_back(static_cast<std::int64_t>(i));
    }
    for (const std::int64_t place : like) ++wanted[labels[static_cast<std::size_t>(place)]];
    SampleNumbers drawn;
    for (const auto& [label, count] : wanted) {
        const SampleNumbers& all = of_class[label];
        const RandomKey own = key.for_part(static_cast<std::uint32_t>(label));
        for (std::size_t k = 0; k < std::min(count, all.size()); ++k) {
            drawn.push_back(all[permuted(own, all.size(), k)]);
        }
    }
    std::sort(drawn.begin(), drawn.end());
    return drawn;
}

}  // namespace elm
