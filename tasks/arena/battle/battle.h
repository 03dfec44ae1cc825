#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tasks/arena/battle/predictions.h"
#include "tasks/arena/learning/arena_training.h"
#include "tasks/arena/sets/arena_set.h"
#include "tasks/comparison/statistics/judge.h"
#include "tasks/report/table.h"

namespace elm {

struct BattleOptions {
    std::vector<std::string> models = {};              // registered ones, which are trained on OPP
    std::vector<std::string> files = {};               // fitted ones, which are taken as they are
    std::map<std::string, Values> model_options = {};  // by registered model
    std::int64_t n_seeds = 1;
    std::int64_t updates = 2000;          // of each training
    std::vector<std::string> parts = {};  // that they answer; empty: all but those they learn from
    ArenaRecipe recipe = {};
    std::string out = {};
    bool resume = false, force = false;
};

/// Trains the models on OPP or takes them, asks them all samples of the parts and leaves, of model
/// NAME with seed S, OUT/NAME-seedS/model.h5 and OUT/NAME-seedS/predictions.h5, and
/// OUT/scores.h5: /PART/scores (samples, models), 1 to 10 by the calibrated judge. The same files
/// on any number of threads. OUT/NAME-seedS/contender.toml says what they follow from:
/// with `resume` models and predictions stay, and Error{invalid} names the differences where they
/// would be made otherwise now. Throws Error{exists} for those that are there and are neither to
/// stay nor to be replaced, Error{invalid} for two of one name; what training throws.
std::vector<Predictions> battle(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                                const BattleOptions& options, const std::function<void()>& poll);

/// The parts that models are asked where nobody says which.
std::vector<std::string> battle_parts(const ArenaSet& arena);

/// Samples as judge PC scores them. `usual`: the loss of a task without classes that is 1 + 9/e.
std::vector<double> scores_of_part(const PartAnswers& part, double usual);
/// The median loss of all models on a part.
double usual_loss(const std::vector<Predictions>& all, const std::string& part);

/// Wins, ties and losses of every two models on a part, by every judge that there is.
Table outcome_table(const std::vector<Predictions>& all, const std::string& part, double margin);

/// What the judges see of answers.
Answers judged_answers(const PartAnswers& part, double usual);

/// "elm-seed3", as files name a model.
std::string run_name(const Predictions& predictions);

}  // namespace elm
