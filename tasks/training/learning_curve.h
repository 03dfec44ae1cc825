#pragma once

#include <span>
#include <string>
#include <vector>

#include "tasks/report/plot.h"
#include "tasks/training/trainer.h"

namespace elm {

/// Loss on the training windows, and AUC and voltage error on held-out simulations, against
/// updates.
Figure learning_curve(std::span<const FitRun> runs);

/// A point of a sweep.
struct SweepPoint {
    std::string model;  // kind: one curve each
    double parameters, auc;
};

/// The held-out AUC against the number of trainable parameters.
Figure auc_against_parameters(std::span<const SweepPoint> points);

}  // namespace elm
