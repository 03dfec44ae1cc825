#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"

namespace elm {

/// Arrays that one pass of one model reads and writes, on the host.
struct PassCall {
    const SpikeTrain* spikes = nullptr;  // exactly one of spikes and dense
    const Tensor* dense = nullptr;       // (batch, time, inputs)
    double input_gain = 1;               // what a spike, or a dense value of 1, counts
    Tensor output;                       // (batch, time, outputs), written
    Tensor output_gradient;              // the same shape, read after the loss
    /// Called when the outputs of samples [first, first + count) are there; leaves dL/d(output) in
    /// the gradient of the output. From several threads at once for different samples.
    std::function<void(std::int64_t first, std::int64_t count)> loss;
    /// Called now and then between pieces of the work, from several threads; may throw: then the
    /// pass ends with its exception, and the gradients are those of a part of the work. Empty:
    /// nobody asks.
    std::function<void()> poll = {};
};

/// Passes of several models whose samples share vectors: call k is that of model k.
class PassGroup {
public:
    virtual ~PassGroup() = default;
    virtual void run(std::span<const PassCall> calls) = 0;
};

/// Forward pass, loss and backward pass of an update in one, for models that have something faster
/// than the tape. Adds to the gradients of the parameters; keeps its memory from pass to pass.
class TrainingPass {
public:
    virtual ~TrainingPass() = default;
    virtual void run(const PassCall& call) = 0;

    /// Bytes that a pass over so many samples and steps takes beside what it is given; 0: none that
    /// would count.
    virtual double memory(std::int64_t /*n_samples*/, std::int64_t /*n_steps*/) const { return 0; }
    /// From now on keeps less of what happened and computes the rest again: less memory, more time,
    /// the same bits. Each further call takes that further; false where it keeps the least it can.
    virtual bool recompute() { return false; }

    /// Several passes, this one among them, as one, where batches of `n_samples` x `n_steps` gain
    /// from it; null where they do not.
    virtual std::unique_ptr<PassGroup> group(std::span<TrainingPass* const> /*passes*/,
                                             std::int64_t /*n_samples*/,
                                             std::int64_t /*n_steps*/) const {
        return nullptr;
    }
};

}  // namespace elm
