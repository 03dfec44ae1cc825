#pragma once

#include <span>
#include <string>
#include <vector>

#include "tasks/report/plot.h"
#include "tasks/training/trainer.h"

namespace elm {

/// Loss in training, and the task's drawn metrics on held-out samples, against updates.
Figure learning_curve(std::span<const TrainerRun> runs);

/// True where curves go over several powers of ten, so that the first values would leave no room
/// for the last ones on a linear scale.
bool is_wide(const Panel& panel);

/// A point of a sweep.
struct SweepPoint {
    std::string model;  // kind: one curve each
    double parameters, score;
};

/// A metric on held-out samples against the number of trainable parameters: a point for each run,
/// and lines through the means of each size of a model.
Figure score_against_parameters(const Metric& metric, std::span<const SweepPoint> points);

}  // namespace elm
