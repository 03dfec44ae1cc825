#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/modules/module.h"
#include "neuron/elm/elm_gradient_pass.h"
#include "tasks/neuronio/window_sampler.h"
#include "tasks/simulation/surrogate.h"
#include "tasks/training/neuronio_loss.h"

namespace elm {

/// A model whose passes can share vectors with those of others.
class GroupMember {
public:
    virtual ~GroupMember() = default;
    virtual const ElmModel& structure() const = 0;
    /// The pass of a batch, which must live as long as it.
    virtual ElmPassCall call(const NeuronIoBatch& batch) = 0;
    /// The loss of the last pass.
    virtual NeuronIoLoss loss() const = 0;
};

/// A surrogate of a neuron in training: what `elmsim fit` needs to know of a kind of model.
class FitModel {
public:
    virtual ~FitModel() = default;

    /// Allocated by whoever trains it.
    virtual Module& module() = 0;
    /// Puts other first values in place of those that were drawn, if there are any.
    virtual void start(Stream&) {}
    /// Adds the gradient of the mean loss of the batch to the parameters' gradients; `key` names
    /// the random numbers of this update.
    virtual NeuronIoLoss add_gradient(Stream& stream, const NeuronIoBatch& batch,
                                      const RandomKey& key) = 0;
    /// Itself, where its passes can share vectors with those of others.
    virtual GroupMember* group_member() { return nullptr; }
    /// The model with its present numbers, to simulate; it must not outlive this object.
    virtual std::unique_ptr<Surrogate> surrogate(Stream& stream) = 0;
    /// Multiplications and additions of one step of one sample, forward.
    virtual double flops_per_step() const = 0;
    /// Writes the model file that simulate and evaluate take; with `force`, in place of one that is
    /// there.
    virtual void save(const std::string& path, const std::string& source, bool force) = 0;
    /// Writes the parameters by name for other programs.
    virtual void save_safetensors(const std::string& path, bool force) = 0;
};

}  // namespace elm
