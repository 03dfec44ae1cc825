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
    std::unique_ptr<PassGroup> group(std::span<TrainingPass* const> passes, std::int64_t n_samples,
                                     std::int64_t n_steps) const override;

    /// The same in the words of the neuron's passes. It is valid as long as `call` and this.
    ElmPassCall elm_call(const PassCall& call) const;

private:
    const ElmModule& module_;
    DType dtype_;
    ElmGradientPass pass_;
    std::vector<Tensor> values_, gradients_;  // of the trainable parameters
};

}  // namespace elm
