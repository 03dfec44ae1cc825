#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tasks/arena/sets/arena_pool.h"

namespace elm {

/// Samples for fits of a neuron: windows of simulations of ground truth, one after another and not
/// overlapping, from `first_step` of each simulation on. Windows of a simulation are a group. A
/// model begins each window from zero state, as it is trained, and is judged by all of its steps:
/// the mean cross entropy of the spikes and the mean squared error of the soma voltage, each over
/// that of one who says the mean of the samples of weigh_by() (of all, until it is called).
/// Throws Error{data} for windows longer than what simulations have after `first_step`, and as
/// NeuronIoDataset does.
std::unique_ptr<ArenaPool> neuronio_pool(const OptionSet& options,
                                         const std::vector<std::string>& files);

}  // namespace elm
