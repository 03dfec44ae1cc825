#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tasks/training/record/run_files.h"
#include "tasks/training/training.h"

namespace elm {

/// One training and where it leaves what it makes.
struct TrainerRun {
    std::string name;
    Training* training;
    RunFiles* files;
    Config config;
};

struct TrainerSettings {
    /// Wall time for all runs together, which plans their updates as it goes; 0: as their pace
    /// says.
    double seconds = 0;
    std::int64_t validate_every = 0;  // updates, of what is planned; 0: as suits
    double checkpoint_seconds = 30;
    bool tests = true;  // the test that comes after it is part of the time
};

/// Trains all to their end. One uses all threads; of several, the least advanced ones run side by
/// side, one a thread. Keeps the model of the best validation, checkpoints and metrics, and shows
/// progress. `poll` is called several times a second, within an update from any thread but never
/// from two at once, and may throw: then a checkpoint of every run, of its last whole update, is
/// written first. Of several processes the first one validates, plans and writes, and an
/// exception of poll in one of them ends all.
void train(std::span<const TrainerRun> runs, const TrainerSettings& settings,
           Communicator& processes, const std::function<void()>& poll);

}  // namespace elm
