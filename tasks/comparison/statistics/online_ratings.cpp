#include "tasks/comparison/statistics/online_ratings.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/distributions/normal.hpp>

namespace elm {
namespace {

double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double probability_below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// How far means and variances move: factors of c and c^2.
struct Shift {
    double mean, variance;
};

Shift shift_of_win(double t, double e) {
    const double v = density(t - e) / std::max(probability_below(t - e), 1e-300);
    return {v, v * (v + t - e)};
}

Shift shift_of_draw(double t, double e) {
    const double far = std::abs(t);
    const double above = e - far, below = -e - far;
    const double width = std::max(probability_below(above) - probability_below(below), 1e-300);
    const double v = (density(below) - density(above)) / width;
    const double w = v * v + (above * density(above) - below * density(below)) / width;
    return {t < 0 ? -v : v, w};
}

}  // namespace

std::vector<double> elo_ratings(std::int64_t n_contestants, const std::vector<Game>& games,
                                const EloOptions& options) {
    std::vector<double> ratings(static_cast<std::size_t>(n_contestants), options.start);
    for (const Game& game : games) {
        double& first = ratings[static_cast<std::size_t>(game.first)];
        double& second = ratings[static_cast<std::size_t>(game.second)];
        const double expected = 1 / (1 + std::pow(10, (second - first) / options.scale));
        const double change = options.step * (game.outcome - expected);
        first += change;
        second -= change;
    }
    return ratings;
}

void play(Skill& first, Skill& second, double outcome, const SkillOptions& options) {
    if (outcome < 0.5) {
        play(second, first, 1 - outcome, options);
        return;
    }
    const double drift = options.drift * options.drift;
    const double own = first.deviation * first.deviation + drift;
    const double other = second.deviation * second.deviation + drift;
    const double beta = options.performance_deviation;
    const double c = std::sqrt(2 * beta * beta + own + other);
    const double margin =
        boost::math::quantile(boost::math::normal(), (options.draw_probability + 1) / 2) *
        std::numbers::sqrt2 * beta;
    const double t = (first.mean - second.mean) / c, e = margin / c;
    const Shift shift = outcome > 0.5 ? shift_of_win(t, e) : shift_of_draw(t, e);
    const auto move = [&](Skill& skill, double variance, double sign) {
        skill.mean += sign * variance / c * shift.mean;
        skill.deviation = std::sqrt(variance * (1 - variance / (c * c) * shift.variance));
    };
    move(first, own, 1);
    move(second, other, -1);
}

std::vector<Skill> skills(std::int64_t n_contestants, const std::vector<Game>& games,
                          const SkillOptions& options) {
    std::vector<Skill> all(static_cast<std::size_t>(n_contestants));
    for (const Game& game : games) {
        play(all[static_cast<std::size_t>(game.first)], all[static_cast<std::size_t>(game.second)],
             game.outcome, options);
    }
    return all;
}

}  // namespace elm
