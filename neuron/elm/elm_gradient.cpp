#include "neuron/elm/elm_gradient.h"

#include <type_traits>

#include "kernels/core/support/check.h"
#include "neuron/elm/elm_gradient_pass.h"

namespace elm {
namespace {

/// One pass over `input`, which is SpikeTrain or Tensor, with the parameters of the model itself.
template <class Input>
ElmGradient run(const ElmModel& model, const Input& input, std::int64_t batch, std::int64_t n_steps,
                const ElmLoss& loss, const ElmGradientOptions& options) {
    Stream host{Device{}};
    const DType type = options.precision;
    ElmGradientPass pass(model, type);
    std::vector<Tensor> parameters, gradients;
    for (const std::string& name : pass.names()) {
        const NamedArray& array = model.at(name);
        const Shape shape = shape_of(array);
        const Tensor values = Tensor::from(host, shape, std::span<const double>(array.values));
        parameters.push_back(values.cast(host, type));
        gradients.push_back(Tensor::zeros(host, shape, type));
    }
    ElmGradientPass::Outputs outputs;
    outputs.output = Tensor::zeros(host, {batch, n_steps, model.options.n_output}, type);
    outputs.output_gradient = Tensor::zeros(host, outputs.output.shape(), type);
    if (options.input_gradient) {
        outputs.input_gradient = Tensor::zeros(host, {batch, n_steps, model.options.n_input}, type);
    }
    const auto fill = [&](std::int64_t first, std::int64_t count) {
        loss.fill(outputs.output, outputs.output_gradient, first, count);
    };
    ElmPassCall call{.parameters = parameters,
                     .gradients = gradients,
                     .outputs = outputs,
                     .loss = fill,
                     .segment_steps = options.segment_steps,
                     .keep_updates = options.keep_updates};
    if constexpr (std::is_same_v<Input, SpikeTrain>) {
        call.spikes = &input;
    } else {
        call.input = &input;
    }
    pass.run(call);
    ElmGradient result{outputs.output, {}, outputs.input_gradient};
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        visit_real(type, [&]<class Real>(Real) {
            const auto values = gradients[i].host<Real>();
            result.parameters.push_back({pass.names()[i],
                                         model.at(pass.names()[i]).shape,
                                         {values.begin(), values.end()},
                                         type});
        });
    }
    return result;
}

}  // namespace

ElmGradient elm_gradient(const ElmModel& model, const SpikeTrain& spikes, const ElmLoss& loss,
                         const ElmGradientOptions& options) {
    return run(model, spikes, spikes.n_samples, spikes.n_steps, loss, options);
}

ElmGradient elm_gradient(const ElmModel& model, const Tensor& input, const ElmLoss& loss,
                         const ElmGradientOptions& options) {
    const auto extents = require_rank<3>(input.shape(), "elm_gradient: input (batch, time, d_in)");
    return run(model, input, extents[0], extents[1], loss, options);
}

}  // namespace elm
