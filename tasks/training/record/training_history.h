#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tasks/task.h"
#include "tasks/training/pace.h"

/// The learning curve of a training as columns of numbers, as a checkpoint keeps it:
///   train_update, train_PART, train_count, train_learning_rate, train_gradient_norm
///   validation_update, validation_METRIC
///   pending_PART, pending_count                              since the last report
///   seconds_training, seconds_validation, seconds_last_validation
namespace elm {

/// Report on training since the last one.
struct TrainingReport {
    std::int64_t update = 0;
    LossSums loss;
    double learning_rate = 0, gradient_norm = 0;
};

/// The metrics of the task on samples that were held out.
struct Validation {
    std::int64_t update = 0;
    std::vector<double> scores;  // in the order of TaskSpec::metrics; NaN: unknown
};

struct TrainingHistory {
    std::vector<TrainingReport> reports;
    std::vector<Validation> validations;
    LossSums pending;  // since the last report
    TimeSpent spent = {};
};

using HistoryColumns = std::map<std::string, std::vector<double>>;

HistoryColumns to_history(const TaskSpec& spec, const TrainingHistory& history);

/// Reads what older programs wrote as well. A metric that was not kept is NaN. Throws Error{data}
/// for a column that is missing or cut.
TrainingHistory from_history(const TaskSpec& spec, HistoryColumns columns);

}  // namespace elm
