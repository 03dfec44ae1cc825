#pragma once

#include "tasks/task.h"

/// Losses that tasks share. Shapes: output, gradient (samples, rows, outputs), where a row is a
/// step, or the one that pooling leaves; all on the host. Each leaves in the sample's rows of
/// `gradient` the gradient of the sum divided by `n_counted`.
namespace elm {

/// Squared error, mean over the outputs: parts[0]. targets (samples, rows, outputs).
LossSums squared_error_loss(const Tensor& output, const Tensor& targets, std::int64_t sample,
                            std::int64_t n_counted, const Tensor& gradient);

/// Cross entropy of softmax(output) with the label of each row, parts[0], and how many rows have
/// their largest output there, parts[1]. labels (samples, rows) int32; a row with a label below 0
/// does not count. With label smoothing s the target of class k of K is 1 - s, where it is the
/// label, and s / K besides: Szegedy et al. 2016, arXiv 1512.00567. Throws Error{data} for a label
/// that is no class.
LossSums class_loss(const Tensor& output, const Tensor& labels, std::int64_t sample,
                    std::int64_t n_counted, const Tensor& gradient, double label_smoothing = 0);

/// The parts and metrics of a task with class_loss; `chance` as in Metric, of the accuracy.
std::vector<LossPart> class_loss_parts();
std::vector<Metric> class_metrics(double chance);

}  // namespace elm
