#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tasks/arena/battle/battle.h"
#include "tasks/arena/flywheel/flywheel_arm.h"

namespace elm {

struct FlywheelOptions {
    std::string target = "elm";
    std::vector<std::string> opponents = {};           // registered models, trained on OPP
    std::map<std::string, Values> model_options = {};  // by model
    std::int64_t n_opponents = 3;                      // of these, the best on ARENA-DEV
    std::int64_t n_seeds = 5;                          // of the whole loop
    std::int64_t rounds = 3;
    std::vector<StageKind> stages = {StageKind::replay, StageKind::preference, StageKind::reward};
    bool sweeps_thresholds =
        false;  // both thresholds are those of 0 to 5 that do best on ARENA-DEV
    std::vector<Arm> controls = {};              // besides F
    std::vector<double> thresholds = {3, 1, 1};  // of a replay, by round; the last one goes on
    double pair_threshold = 2;
    std::int64_t target_updates = 500;  // of the seed training on D0
    std::int64_t opponent_updates = 4000;
    std::int64_t stage_updates = 60;  // of each stage, before what a saved pass gives
    double old_share = 0.5;           // of each batch, from D0 and what was chosen before
    double rate_share = 0.3;          // of the learning rate, in stages
    LessonSettings lessons = {};      // beta follows from the target where it is 0
    ArenaRecipe recipe = {};
    std::string out = {};
    bool resume = false, force = false;
};

/// What came out of a stage of one arm and seed, or, of stage -1, of the seed training.
struct StageResult {
    std::string arm;  // "F", ..., "C0" the start, "U" trained from scratch on all of it
    std::uint64_t seed = 0;
    std::int64_t round = 0, stage = -1;
    std::string kind = {};
    std::int64_t updates = 0, chosen = 0;
    double forwards = 0;  // since the seed training, in samples
    double threshold = 0;
    double difficulty = 0;     // mean of what was chosen, by the opponents
    double largest_class = 0;  // share of a class among the chosen over its share in the part, most
    Predictions predictions = {};  // on ARENA-TEST and TEST
};

/// What became of one stage on D1 with a threshold, after the seed training; means over seeds.
struct SweptThreshold {
    StageKind kind = StageKind::replay;
    double threshold = 0, used = 0;  // asked for, and after it was lowered
    double chosen = 0, score = 0;    // samples, and the score by judge PC on ARENA-DEV
    bool is_best = false;            // of its kind; of two alike the lower threshold
};

struct FlywheelResults {
    std::vector<Predictions> opponents;  // the chosen ones, frozen
    std::vector<StageResult> stages;     // by arm, then seed, then stage
    std::vector<std::string> left_out;   // opponents that do not fight
    double usual = 1;                    // loss of numbers, that scores are relative to
    std::vector<LossPart> loss_parts;    // of the task
    std::vector<SweptThreshold> sweep;   // where thresholds were swept
};

/// Throws Error{invalid} as answer_kind_of(), for stages that the task does not have and for
/// options that do not go together.
void require_possible(const ArenaPool& pool, const FlywheelOptions& options);

/// The loop of Luo et al. 2024 (arXiv 2407.10627) for a target that answers with classes or with
/// numbers: battles choose samples of D1, D2, ... on which it learns from those who answered
/// better, beside controls of the same start and compute. Scores of numbers are relative to the
/// median loss of all opponents and starts on CAL, which stays. Opponents are chosen on ARENA-DEV,
/// nothing is on ARENA-TEST or TEST. Files stand in OUT; with `resume` what is finished stays, and
/// the files are those of a run that was not cut. Throws as require_possible(), Error{data} where
/// no opponent is better than the target.
FlywheelResults run_flywheel(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                             const FlywheelOptions& options, const std::function<void()>& poll);

}  // namespace elm
