#include "kernels/ops/elm_network/layer_scan.h"

#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// What one scan leaves behind.
struct Trace {
    ElmLayer layer;
    Synapses synapses;
    Tensor branch_input, parameters, synapse_weight, activity_gain, initial;
    Tensor activity = {}, final_state = {}, update_magnitude = {}, saved = {};
    bool every_step_is_saved = false;
};

void require_arguments(const Trace& trace) {
    const Tensor& branch_input = trace.branch_input;
    const ElmLayerShape& is = trace.layer.shape;
    const std::int64_t rows = is.branches * is.neurons;
    const auto [samples, steps, columns] = require_rank<3>(
        branch_input.shape(), "elm_layer_scan: branch input (batch, time, branches neurons)");
    require_shape(branch_input.shape(), {samples, steps, rows},
                  "elm_layer_scan: branch input (batch, time, branches neurons)");
    require_shape(trace.parameters.shape(), {is.parameter_rows(), is.neurons},
                  "elm_layer_scan: parameters (rows, neurons)");
    require_shape(trace.synapse_weight.shape(), {trace.synapses.count()},
                  "elm_layer_scan: synaptic weights (synapses)");
    require_shape(trace.initial.shape(), {samples, is.state_rows() * is.neurons},
                  "elm_layer_scan: state (batch, rows neurons)");
    require_shape(trace.activity_gain.shape(), {samples, is.neurons},
                  "elm_layer_scan: activity gain (batch, neurons)");
    ELM_CHECK(trace.synapses.sources() == is.neurons && trace.synapses.rows() == rows,
              "elm_layer_scan: synapses from {} sources to {} rows, expected {} and {}",
              trace.synapses.sources(), trace.synapses.rows(), is.neurons, rows);
}

void forward(Stream& stream, Trace& trace, bool keep) {
    const Tensor& branch_input = trace.branch_input;
    const ElmLayerShape& is = trace.layer.shape;
    const std::int64_t samples = branch_input.shape()[0], steps = branch_input.shape()[1];
    const auto empty = [&](const Shape& shape) {
        return Tensor::empty(stream, shape, branch_input.dtype());
    };
    trace.activity = empty({samples, steps, is.neurons});
    trace.final_state = empty(trace.initial.shape());
    trace.update_magnitude = empty({trace.layer.measures_updates ? samples : 0, is.neurons});
    const ElmLayerSaved saved = elm_layer_saved(stream.device(), trace.layer, branch_input.shape(),
                                                branch_input.dtype(), keep);
    trace.saved = empty(saved.shape);
    trace.every_step_is_saved = saved.every_step;
    visit_real(branch_input.dtype(), [&]<class Real>(Real) {
        elm_layer_scan_kernel<Real>(stream,
                                    {.layer = trace.layer,
                                     .branch_input = view<const Real, 3>(branch_input),
                                     .parameters = view<const Real, 2>(trace.parameters),
                                     .synapses = trace.synapses.view(),
                                     .synapse_weight = view<const Real, 1>(trace.synapse_weight),
                                     .activity_gain = view<const Real, 2>(trace.activity_gain),
                                     .initial = view<const Real, 2>(trace.initial),
                                     .activity = view<Real, 3>(trace.activity),
                                     .final_state = view<Real, 2>(trace.final_state),
                                     .update_magnitude = view<Real, 2>(trace.update_magnitude),
                                     .saved = view<Real, 3>(trace.saved),
                                     .saves_every_step = saved.every_step});
    });
}

/// Gradients of branch input, parameters, synaptic weights and state.
void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const ElmLayerShape& is = trace.layer.shape;
    const DType dtype = trace.activity.dtype();
    const Tensor branch_input_gradient =
        Tensor::empty(stream, trace.activity.shape().with(2, is.branches * is.neurons), dtype);
    const Tensor parameter_gradient = Tensor::empty(stream, trace.parameters.shape(), dtype);
    const Tensor weight_gradient = Tensor::empty(stream, trace.synapse_weight.shape(), dtype);
    const Tensor initial_gradient = Tensor::empty(stream, trace.initial.shape(), dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        elm_layer_scan_backward_kernel<Real>(
            stream, {.layer = trace.layer,
                     .branch_input = view<const Real, 3>(trace.branch_input),
                     .parameters = view<const Real, 2>(trace.parameters),
                     .synapses = trace.synapses.view(),
                     .synapse_weight = view<const Real, 1>(trace.synapse_weight),
                     .activity_gain = view<const Real, 2>(trace.activity_gain),
                     .initial = view<const Real, 2>(trace.initial),
                     .activity = view<const Real, 3>(trace.activity),
                     .saved = view<const Real, 3>(trace.saved),
                     .every_step_is_saved = trace.every_step_is_saved,
                     .activity_gradient = view<const Real, 3>(gradients[0]),
                     .final_state_gradient = view<const Real, 2>(gradients[1]),
                     .update_magnitude_gradient = view<const Real, 2>(gradients[2]),
                     .branch_input_gradient = view<Real, 3>(branch_input_gradient),
                     .parameter_gradient = view<Real, 2>(parameter_gradient),
                     .synapse_weight_gradient = view<Real, 1>(weight_gradient),
                     .initial_gradient = view<Real, 2>(initial_gradient)});
    });
    sinks[0].deliver(stream, branch_input_gradient);
    sinks[1].deliver(stream, parameter_gradient);
    sinks[2].deliver(stream, weight_gradient);
    sinks[3].deliver(stream, initial_gradient);
}

}  // namespace

std::int64_t elm_layer_tile(std::int64_t samples) {
    return std::clamp<std::int64_t>(samples / 2, 1, elm_layer_tile_samples);
}

ElmLayerSaved elm_layer_saved(Device device, const ElmLayer& layer, const Shape& branch_input,
                              DType dtype, bool backward_follows) {
    const ElmLayerShape& is = layer.shape;
    const std::int64_t samples = branch_input[0], steps = branch_input[1];
    if (device.kind == DeviceKind::cuda) {
        return {{samples, backward_follows ? steps : 1, layer.saved_rows() * is.neurons}};
    }
    if (!backward_follows) return {{samples, 0, 0}, false};
    constexpr std::int64_t segment = elm_layer_segment_steps, lanes = elm_layer_most_lanes;
    const std::int64_t row = elm_layer_tile_samples * ((is.neurons + lanes - 1) / lanes * lanes);
    const std::int64_t tile = elm_layer_tile(samples), tiles = (samples + tile - 1) / tile;
    const Shape all{tiles, steps, layer.saved_rows() * row};
    if (all.size() * static_cast<std::int64_t>(size_of(dtype)) <= layer.most_kept_bytes) {
        return {all, true};
    }
    return {{tiles, (steps + segment - 1) / segment, layer.carried_rows() * row}, false};
}

std::vector<Var> elm_layer_scan(Context& context, const ElmLayer& layer, const Synapses& synapses,
                                const Var& branch_input, const Var& parameters,
                                const Var& synapse_weight, const Var& state,
                                const Tensor& activity_gain) {
    Trace trace{.layer = layer,
                .synapses = synapses,
                .branch_input = branch_input.value,
                .parameters = parameters.value,
                .synapse_weight = synapse_weight.value,
                .activity_gain = activity_gain,
                .initial = state.value};
    if (!activity_gain.defined()) {
        const Shape shape{state.value.shape()[0], layer.shape.neurons};
        trace.activity_gain = visit_real(state.value.dtype(), [&]<class Real>(Real) {
            const std::vector<Real> ones(static_cast<std::size_t>(shape.size()), Real(1));
            return Tensor::from<Real>(context.stream, shape, ones);
        });
    }
    require_arguments(trace);
    forward(context.stream, trace, context.tape != nullptr);
    const ElmLayerShape& is = layer.shape;
    const std::int64_t of_neuron =
        is.hidden * is.joined() + is.memories * is.update_inputs() + is.memories;
    context.count(2 * branch_input.value.shape()[0] * branch_input.value.shape()[1] *
                  (is.neurons * of_neuron + synapse_weight.value.shape().size()));
    const std::vector<Tensor> outputs{trace.activity, trace.final_state, trace.update_magnitude};
    return record(context, outputs, {branch_input, parameters, synapse_weight, state},
                  [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                             std::span<GradSink> sinks) {
                      backward(stream, trace, gradients, sinks);
                  });
}

}  // namespace elm
