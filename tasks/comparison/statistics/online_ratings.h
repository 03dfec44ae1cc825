#pragma once

#include <cstdint>
#include <vector>

/// Ratings that move with every game, in the order of the games.
namespace elm {

/// A game: 1 the first won, 0 it lost, 0.5 a tie.
struct Game {
    std::int64_t first = 0, second = 0;
    double outcome = 0.5;
};

struct EloOptions {
    double step = 4, scale = 400, start = 1000;
};

/// R_a += step (outcome - E), R_b -= the same, E = 1 / (1 + 10^((R_b - R_a)/scale)).
/// Source: Elo 1978, The Rating of Chessplayers; the step of 4 is that of public arenas.
std::vector<double> elo_ratings(std::int64_t n_contestants, const std::vector<Game>& games,
                                const EloOptions& options = {});

/// A skill as a normal distribution.
struct Skill {
    double mean = 25, deviation = 25.0 / 3;
};

/// Source: Herbrich, Minka & Graepel 2006, TrueSkill: a Bayesian skill rating system; the defaults
/// are those of the paper.
struct SkillOptions {
    double performance_deviation = 25.0 / 6;  // beta
    double drift = 25.0 / 300;                // tau, added before each game
    double draw_probability = 0.1;
};

/// The skills of two after a game of them.
void play(Skill& first, Skill& second, double outcome, const SkillOptions& options = {});

/// Skills after all games.
std::vector<Skill> skills(std::int64_t n_contestants, const std::vector<Game>& games,
                          const SkillOptions& options = {});

}  // namespace elm
