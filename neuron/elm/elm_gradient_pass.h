#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "neuron/elm/elm_model.h"

namespace elm {

/// Called when the outputs of samples [first, first + count) are there; leaves dL/d(output) in the
/// gradient of the output. From several threads at once for different samples. Empty: the gradient
/// is there already.
using ElmPassLoss = std::function<void(std::int64_t first, std::int64_t count)>;

/// Where a pass leaves what it computes for each sample.
struct ElmPassOutputs {
    Tensor output;           // (batch, time, d_out), written
    Tensor output_gradient;  // the same shape, read after the loss
    Tensor input_gradient;   // (batch, time, d_in), written; undefined: not wanted
};

/// All that one pass of one neuron reads and writes. Exactly one of `spikes` and `input`, which is
/// (batch, time, d_in).
struct ElmPassCall {
    std::span<const Tensor> parameters, gradients;
    const SpikeTrain* spikes = nullptr;
    const Tensor* input = nullptr;
    ElmPassOutputs outputs;
    ElmPassLoss loss = {};
    std::int64_t segment_steps = 0;
    std::function<void()> poll = {};  // as PassCall::poll
    bool keep_updates = false;  // of the memory, of all steps, also where segments are repeated
};

/// Passes forward and backward through one ELM neuron whose parameters change between passes: what
/// an update of a training run on the CPU calls. All memory is kept from pass to pass.
///
/// Exact gradients through time from zero state (kernels/ops/elm/gradient.h), with respect to the
/// trainable arrays: through w_s = relu(_proto_w_s), and kappa_m and gamma of _proto_tau_m.
/// Source of the model: Spieler et al. 2024, arXiv 2306.16922.
class ElmGradientPass {
public:
    using Loss = ElmPassLoss;
    using Outputs = ElmPassOutputs;

    /// Of `structure` count the options, the routing, the time constants of the traces and, where
    /// they do not train, those of the memory. `precision` is f32 or f64.
    ElmGradientPass(const ElmModel& structure, DType precision);
    ~ElmGradientPass();
    ElmGradientPass(ElmGradientPass&&) noexcept;
    ElmGradientPass& operator=(ElmGradientPass&&) noexcept;

    /// The trainable arrays, in the order of the structure's: of `parameters` and `gradients`.
    const std::vector<std::string>& names() const;

    /// Adds dL/d(array), summed over batch and time, to each of `gradients`. Tensors are on the
    /// host, in the shapes of the model's arrays and of the pass's precision.
    /// `segment_steps`: steps whose intermediate values are kept at once; 0: all. Fewer take less
    /// memory and a second pass forward, half of one where the memory's updates are kept; the
    /// results are the same bits, as for any thread count.
    /// Throws Error{invalid} that names a tensor that does not fit.
    void run(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
             const SpikeTrain& spikes, const Outputs& outputs, const Loss& loss,
             std::int64_t segment_steps = 0);
    /// The same for dense input (batch, time, d_in).
    void run(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
             const Tensor& input, const Outputs& outputs, const Loss& loss,
             std::int64_t segment_steps = 0);

    /// The same of all that a pass can be asked for.
    void run(const ElmPassCall& call);

    /// Steps of a segment with which long runs take the least memory.
    std::int64_t segment_steps(std::int64_t n_steps) const;
    /// Bytes that a run over so many samples and steps takes beside the tensors that it is given.
    std::int64_t memory(std::int64_t n_samples, std::int64_t n_steps, std::int64_t segment_steps,
                        bool keep_updates = false) const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace elm
