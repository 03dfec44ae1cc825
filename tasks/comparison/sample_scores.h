#pragma once

#include <cstdint>
#include <vector>

#include "tasks/task.h"

namespace elm {

/// What a model makes of each sample of a split.
struct SampleScores {
    /// By sample; empty where the metrics of the task are no means of such.
    std::vector<LossSums> sums = {};
    /// Of classes: the mean loss of each sample after calibration(); empty else.
    std::vector<double> calibrated = {};
    double temperature = 1;
    double seconds = 0;  // that the model took
};

/// The temperature T that outputs z of a model for classes are divided by, so that softmax(z / T)
/// has the least loss on validation samples: how much surer a model is than it is right. At most
/// `most_rows` rows of outputs are looked at, of samples spread over the split. 1 for other tasks.
/// Source: Guo, Pleiss, Sun & Weinberger 2017, arXiv 1706.04599.
double calibration(const Task& task, Stream& stream, const FittedModel& model,
                   std::int64_t most_rows = 100'000);

/// Scores of a split at that temperature. Throws as Task::score does.
SampleScores score_samples(const Task& task, Stream& stream, const FittedModel& model, Split split,
                           double temperature);

/// The metrics from sums over samples, as Task::score gives them.
std::vector<double> metrics_of(const TaskSpec& task, const std::vector<LossSums>& sums);

}  // namespace elm
