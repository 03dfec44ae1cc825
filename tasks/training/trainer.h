#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tasks/training/fit.h"
#include "tasks/training/fit_files.h"

namespace elm {

/// One fit and where it leaves what it makes.
struct FitRun {
    std::string name;
    Fit* fit;
    FitFiles* files;
    Config config;
};

struct TrainerSettings {
    std::int64_t report_every = 100;     // updates
    std::int64_t validate_every = 1000;  // updates, a multiple of report_every
    double checkpoint_seconds = 30;
};

/// Trains all fits to their end. One fit uses all threads; of several, the least advanced ones run
/// side by side, one a thread. Keeps the model of the best validation, checkpoints and metrics,
/// shows progress, and draws the learning curves in NAME.png. `poll` is called several times a
/// second and may throw: then a checkpoint of every fit is written first. Of several processes the
/// first one validates and writes, and an exception of poll in one of them ends all.
void train(std::span<const FitRun> runs, std::span<const NeuronIoSimulation> validation,
           const TrainerSettings& settings, Communicator& processes,
           const std::function<void()>& poll);

}  // namespace elm
