#include "kernels/modules/layers.h"

#include <memory>
#include <string>

#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/product/matmul.h"

namespace elm {

Var use(Context& context, const ModuleParameter& parameter) {
    if (context.tape == nullptr || !parameter.trainable) return {parameter.value};
    return context.tape->leaf(parameter);
}

Linear::Linear(std::int64_t inputs, std::int64_t outputs, bool with_bias)
    : weight_(parameter("weight", {outputs, inputs}, initialise::uniform_fan_in(inputs))),
      bias_(with_bias ? &offset("bias", {outputs}, initialise::uniform_fan_in(inputs)) : nullptr) {}

Var Linear::forward(Context& context, const Var& input) const {
    const Var weight = use(context, weight_);
    return bias_ == nullptr ? linear(context, input, weight)
                            : linear(context, input, weight, use(context, *bias_));
}

LayerNorm::LayerNorm(std::int64_t features, double epsilon)
    : epsilon_(epsilon),
      weight_(offset("weight", {features}, initialise::constant(1))),
      bias_(offset("bias", {features}, initialise::constant(0))) {}

Var LayerNorm::forward(Context& context, const Var& input) const {
    return layer_norm(context, input, use(context, weight_), use(context, bias_), epsilon_);
}

SpikeConvolution::SpikeConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps,
                                   bool with_bias)
    : weight_(
          parameter("weight", {inputs, taps, outputs}, initialise::uniform_fan_in(inputs * taps))),
      bias_(with_bias ? &offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))
                      : nullptr) {
    ELM_CHECK(taps >= 1, "a convolution of spikes needs at least one tap (got {})", taps);
}

Var SpikeConvolution::forward(Context& context, const SpikeInput& input) const {
    const Var weight = use(context, weight_);
    return bias_ == nullptr ? spike_convolution(context, input, weight)
                            : spike_convolution(context, input, weight, use(context, *bias_));
}

Mlp::Mlp(const std::vector<std::int64_t>& sizes, Activation activation) : activation_(activation) {
    ELM_CHECK(sizes.size() >= 2, "an mlp needs inputs and outputs (got {} sizes)", sizes.size());
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
        layers_.push_back(
            &child(std::to_string(2 * i), std::make_unique<Linear>(sizes[i], sizes[i + 1])));
    }
}

Var Mlp::forward(Context& context, const Var& input) const {
    Var values = input;
    for (const Linear* layer : layers_) {
        values = layer->forward(context, values);
        if (layer != layers_.back()) values = activate(context, values, activation_);
    }
    return values;
}

GatedRecurrence::GatedRecurrence(GatedCell kind, std::int64_t inputs, std::int64_t units,
                                 int layers)
    : kind_(kind), units_(units) {
    ELM_CHECK(layers > 0, "a recurrent module needs at least one layer (got {})", layers);
    const Initialiser draw = initialise::uniform_fan_in(units);
    const std::int64_t rows = gate_count(kind) * units;
    for (int layer = 0; layer < layers; ++layer) {
        const std::string end = fmt::format("_l{}", layer);
        const std::int64_t columns = layer == 0 ? inputs : units;
        layers_.push_back({parameter("weight_ih" + end, {rows, columns}, draw),
                           parameter("weight_hh" + end, {rows, units}, draw),
                           offset("bias_ih" + end, {rows}, draw),
                           offset("bias_hh" + end, {rows}, draw)});
    }
}

Var GatedRecurrence::forward(Context& context, const Var& input, RecurrentState& state) const {
    require_rank<3>(input.value.shape(), "recurrent layer: input (batch, time, inputs)");
    const Layer& first = layers_.front();
    return run(
        context,
        linear(context, input, use(context, first.input_weight), use(context, first.input_bias)),
        state);
}

Var GatedRecurrence::forward(Context& context, const SpikeTrain& spikes,
                             RecurrentState& state) const {
    const Layer& first = layers_.front();
    const Var weight = transpose(context, use(context, first.input_weight), 0, 1);
    const Shape& shape = weight.value.shape();  // (inputs, gates units), with one tap
    return run(
        context,
        spike_convolution(context, {spikes}, reshape(context, weight, {shape[0], 1, shape[1]}),
                          use(context, first.input_bias)),
        state);
}

Var GatedRecurrence::run(Context& context, const Var& projected, RecurrentState& state) const {
    const bool has_cell = kind_ == GatedCell::lstm;
    const std::int64_t samples = projected.value.shape()[0];
    if (state.hidden.empty()) {
        const Var zeros{Tensor::zeros(context.stream, {samples, units_}, projected.value.dtype())};
        state.hidden.assign(layers_.size(), zeros);
        if (has_cell) state.cell.assign(layers_.size(), zeros);
    }
    ELM_CHECK(state.hidden.size() == layers_.size() &&
                  state.cell.size() == (has_cell ? layers_.size() : 0),
              "a state of {} layers and {} cells was given to a module of {} layers",
              state.hidden.size(), state.cell.size(), layers_.size());
    Var values = projected;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const Layer& layer = layers_[i];
        if (i > 0) {
            values = linear(context, values, use(context, layer.input_weight),
                            use(context, layer.input_bias));
        }
        const Var weight = use(context, layer.recurrent_weight);
        const Var bias = use(context, layer.recurrent_bias);
        const std::vector<Var> results =
            has_cell ? lstm_scan(context, values, weight, bias, state.hidden[i], state.cell[i])
                     : gru_scan(context, values, weight, bias, state.hidden[i]);
        values = results[0];
        state.hidden[i] = results[1];
        if (has_cell) state.cell[i] = results[2];
    }
    return values;
}

}  // namespace elm
