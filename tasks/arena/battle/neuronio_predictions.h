#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tasks/arena/battle/predictions.h"
#include "tasks/neuronio/model_scores.h"

namespace elm {

/// Fits of a neuron on simulations of ground truth as predictions: a sample is a simulation, and
/// its loss the mean binary cross entropy of spikes and the mean squared error of the voltage (one
/// run from t = 0), each divided by that of one who says the mean of all simulations. Even
/// simulations are the part arena-test, odd ones test. Simulations and steps are left out as
/// score() does. Models are named after their files. Throws Error{data} for fewer than two
/// simulations that count, and as predict().
std::vector<Predictions> neuronio_predictions(Stream& stream, std::span<const NamedModel> models,
                                              std::span<const NeuronIoSimulation> simulations,
                                              const std::function<void()>& poll);

}  // namespace elm
