#pragma once

#include <functional>
#include <vector>

#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "neuron/elm/elm_model.h"

namespace elm {

/// Results of a pass forward and backward through an ELM neuron, on the CPU.
struct ElmGradient {
    Tensor output;                       // (batch, time, d_out)
    std::vector<NamedArray> parameters;  // dL/d(array) of every trainable array, summed over all
    Tensor input;                        // (batch, time, d_in), where asked for
};

/// How the loss enters. `fill` gets outputs and fills their gradient for samples
/// [first, first + count); it is called from several threads at once for different samples.
struct ElmLoss {
    std::function<void(const Tensor& output, const Tensor& output_gradient, std::int64_t first,
                       std::int64_t count)>
        fill;
};

struct ElmGradientOptions {
    DType precision = DType::f32;
    bool input_gradient = false;
    /// Steps whose intermediate values are kept at once; 0: all. Fewer take less memory and a
    /// second pass forward; the results are the same bits.
    std::int64_t segment_steps = 0;
    /// The memory's updates of all steps are kept beside: only hidden units are computed again.
    bool keep_updates = false;
};

/// Exact gradients through time (Spieler et al. 2024, arXiv 2306.16922, of the model) from zero
/// state, for sparse spikes or dense input (batch, time, d_in).
ElmGradient elm_gradient(const ElmModel& model, const SpikeTrain& spikes, const ElmLoss& loss,
                         const ElmGradientOptions& options = {});
ElmGradient elm_gradient(const ElmModel& model, const Tensor& input, const ElmLoss& loss,
                         const ElmGradientOptions& options = {});

}  // namespace elm
