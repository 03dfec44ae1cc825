#pragma once

#include <vector>

#include "neuron/elm/elm_group_pass.h"
#include "neuron/elm/elm_module.h"

namespace elm {

/// Forward pass, loss and backward pass of an ELM neuron in one, on the CPU (elm_gradient_pass.h).
class ElmTrainingPass final : public TrainingPass {
public:
    /// The module must outlive this; its parameters are allocated on the host, of `dtype`.
    ElmTrainingPass(ElmModule& module, DType dtype);

    void run(const PassCall& call) override;
    double memory(std::int64_t n_samples, std::int64_t n_steps) const override;
    bool recompute() override;
    std::unique_ptr<PassGroup> group(std::span<TrainingPass* const> passes, std::int64_t n_samples,
                                     std::int64_t n_steps) const override;

    /// The same in the words of the neuron's passes, valid as long as `call` and this; then what is
    /// left to do with the gradients.
    ElmPassCall begin(const PassCall& call);
    void finish(const PassCall& call);

private:
    std::int64_t segment_steps(std::int64_t n_steps) const;

    const ElmModule& module_;
    DType dtype_;
    ElmGradientPass pass_;
    /// What stays until the backward pass: all that a step leaves, the memory's updates, states.
    enum class Kept { steps, updates, states } kept_ = Kept::steps;
    std::vector<Tensor> values_, gradients_;  // of the trainable parameters
    // The same where inputs count more than 1: with synapse weights that are as much larger.
    std::vector<Tensor> scaled_values_, scaled_gradients_;
    std::size_t synapses_ = 0;  // index of the synapse weights in all of them
};

}  // namespace elm
