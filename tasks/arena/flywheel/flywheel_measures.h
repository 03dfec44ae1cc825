#pragma once

#include <vector>

#include "tasks/arena/flywheel/flywheel.h"
#include "tasks/comparison/statistics/intervals.h"

namespace elm {

/// What is measured on TEST, the first being what arms are compared by. Of classes the accuracy,
/// the cross entropy, not calibrated, and the calibration error after calibration; of numbers the
/// loss and, where there are several, its terms.
std::vector<Metric> quality_metrics(const FlywheelResults& results);

/// The first of them by sample, or by group of samples, the higher the better: right answers, or
/// the loss less.
SampleFigures quality_by_sample(const StageResult& result);

/// How good a target is after a stage.
struct StageMeasures {
    std::vector<double> quality = {};  // quality_metrics()
    /// Elo on ARENA-TEST by judge PC against the frozen opponents, whose mean is 1000.
    double elo = 0;
    /// Of ARENA-TEST samples that the start lost to the best opponent, the share that is now won or
    /// tied; of those it won or tied, the share that is now lost.
    double repaired = 0, broken = 0;
};

/// `start`: the same seed before any stage.
StageMeasures measures_of(const StageResult& result, const StageResult& start,
                          const FlywheelResults& all, double margin);

/// The mean over bins of as many samples each of |share that is right - mean confidence|. Source:
/// Guo et al. 2017, arXiv 1706.04599, with bins of equal counts.
double expected_calibration_error(const PartAnswers& answers, double temperature,
                                  std::int64_t n_bins = 15);

}  // namespace elm
