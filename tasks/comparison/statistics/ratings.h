#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "tasks/comparison/statistics/bradley_terry.h"
#include "tasks/comparison/statistics/judge.h"
#include "tasks/metrics.h"

namespace elm {

/// A model whose runs fight: run k of all of them has the same seed.
struct Contestant {
    std::string name;
    std::vector<Answers> runs;
};

struct RatingOptions {
    double margin = 0.1;         // of scores that tie
    std::int64_t rounds = 1000;  // of the bootstrap
    RandomKey key = {};
    bool resamples_seeds = true;  // intervals of models, too
    /// A number of each sample's group, whose samples are drawn together; empty: each stands alone.
    std::vector<std::int64_t> groups = {};
};

struct Rating {
    std::string name;
    double elo = 0;  // points of Bradley-Terry; their mean over all is 1000
    /// 95 % of samples drawn anew, for these very runs.
    Interval of_runs{};
    /// 95 % of samples and of each model's seeds drawn anew; NaN with one seed.
    Interval of_model{};
    std::int64_t rank = 1;  // 1 + how many lie wholly above it
    double win_share = 0;   // ties counted half
    double online_elo = 0;  // games in their order, step 4
    double skill = 0, skill_deviation = 0;
};

struct Ratings {
    Judge judge = Judge::label;
    std::vector<Rating> rows = {};
    PairTally tally{2};
    double tie_share = 0;
    BradleyTerryFit fit = {};
    bool with_prior = false;  // bradley_terry(), where strengths would have no end
};

/// All models against each other on every sample, seed by seed. Bootstrap over samples, not over
/// games: those of one sample depend on each other. Throws Error{invalid} for fewer than two
/// models, and for runs that differ in number or samples.
Ratings rate(const std::vector<Contestant>& contestants, Judge judge,
             const RatingOptions& options = {});

}  // namespace elm
