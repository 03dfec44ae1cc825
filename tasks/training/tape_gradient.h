#pragma once

#include "kernels/modules/sequence_model.h"
#include "tasks/neuronio/window_sampler.h"
#include "tasks/training/neuronio_loss.h"

namespace elm {

/// Adds the gradient of the mean loss of a batch to the parameters of an allocated model, on any
/// device; the loss itself is computed on the host.
NeuronIoLoss tape_gradient(Stream& stream, SequenceModel& model, const NeuronIoBatch& batch,
                           const RandomKey& key);

}  // namespace elm
