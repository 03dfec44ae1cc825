#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/core/communicator.h"
#include "tasks/training/batch_gradient.h"

/// The states that samples go on with from batch to batch (TaskSpec::carried), as a checkpoint
/// holds them: whatever the number of processes and of parts of a batch, arrays of the whole batch.
namespace elm {

/// Tensors of a model's state on the host, axis 0 all samples of a batch in their order; none
/// where no update has left a state yet.
using CarriedArrays = std::vector<Tensor>;

/// Trains of the model's state, none of which holds a step. A checkpoint holds tensors alone:
/// throws Error{unsupported} for a model that carries spikes, and for one whose state grows with
/// each piece, as the keys and values of attention do.
std::size_t empty_trains(Stream& stream, const FittedModel& fitted, const Task& task,
                         DType precision);

/// States of the parts on each process, put together. All processes make this call after the same
/// update.
CarriedArrays gather_states(Stream& stream, const BatchStates& parts,
                            const Communicator& processes);

/// The states of the parts that are this process's own. `trains`: as empty_trains() says.
BatchStates own_states(Stream& stream, const CarriedArrays& whole, std::int64_t parts,
                       const Communicator& processes, std::size_t trains);

/// By the names that they have in a checkpoint.
std::map<std::string, Tensor> checkpoint_arrays(const CarriedArrays& arrays);
/// Also of checkpoints that hold each part of a batch by itself. Throws Error{data} unless they are
/// of `batch` samples.
CarriedArrays carried_arrays(const std::map<std::string, Tensor>& named, std::int64_t batch);

}  // namespace elm
