#include "baselines/elm/elm_layer.h"

#include <cmath>
#include <string>

#include "kernels/modules/input_dropout.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/elm_network/synapse_sum.h"

namespace elm {

ElmLayerModule::ElmLayerModule(const ElmLayer& layer, std::int64_t inputs,
                               const ElmLayerSettings& settings, const RandomKey& key)
    : layer_(layer),
      settings_(settings),
      inputs_(inputs),
      connectome_(
          draw_connectome(layer.shape, inputs, settings.synapses, settings.recurrent_share, key)) {
    const ElmLayerShape& is = layer.shape;
    const auto weight = [&](const char* name, const Shape& shape, std::int64_t fan_in) {
        return &parameter(name, shape, initialise::uniform_fan_in(fan_in));
    };
    if (connectome_.outer.count() > 0) {
        input_weight_ = weight("input_weight", {connectome_.outer.count()}, settings.synapses);
    }
    if (connectome_.recurrent.count() > 0) {
        recurrent_weight_ =
            weight("recurrent_weight", {connectome_.recurrent.count()}, settings.synapses);
    }
    const auto bias = [&](const char* name, std::int64_t units, std::int64_t fan_in) {
        return &offset(name, {units, is.neurons}, initialise::uniform_fan_in(fan_in));
    };
    if (is.hidden > 0) {
        maps_.push_back(weight("hidden_weight", {is.hidden, is.joined(), is.neurons}, is.joined()));
        maps_.push_back(bias("hidden_bias", is.hidden, is.joined()));
    }
    maps_.push_back(
        weight("update_weight", {is.memories, is.update_inputs(), is.neurons}, is.update_inputs()));
    maps_.push_back(bias("update_bias", is.memories, is.update_inputs()));
    if (settings.learn_tau) {
        tau_ = &offset("memory_tau_logit", {is.memories, is.neurons}, first_tau_logits());
    }
    readout_ = weight("readout", {is.memories, is.neurons}, is.memories);
    offset_ = &offset("offset", {1, is.neurons}, initialise::constant(0));
}

Var ElmLayerModule::forward(Context& context, const SequenceInput& input, StateCursor& state) {
    const std::int64_t batch = input.batch();
    const ElmLayerShape& is = layer_.shape;
    const DType dtype = offset_->value.dtype();
    connect(context.stream);
    Tensor initial = state.take_tensor();
    if (!initial.defined()) {
        initial = Tensor::zeros(context.stream, {batch, is.state_rows() * is.neurons}, dtype);
    }
    const Var outside = from_outside(context, input);
    const Var recurrent =
        recurrent_weight_ == nullptr
            ? Var{Tensor::zeros(context.stream, {0}, dtype)}
            : scale(context, use(context, *recurrent_weight_), settings_.input_scale);
    ElmLayer layer = layer_;
    layer.measures_updates = context.penalties != nullptr && settings_.update_penalty > 0;
    const std::vector<Var> out =
        elm_layer_scan(context, layer, recurrent_, outside, parameters_of(context), recurrent,
                       Var{initial}, mask(context, input, is.neurons, settings_.recurrent_dropout));
    state.keep(out[1].value);
    if (context.penalties != nullptr) penalise(context, out[0], out[2]);
    return out[0];
}

void ElmLayerModule::penalise(Context& context, const Var& activity, const Var& magnitude) const {
    if (settings_.update_penalty > 0) {
        const auto values = static_cast<double>(activity.value.shape()[1] * layer_.shape.memories);
        const Var each = scale(context, magnitude, 1 / values);
        context.penalties->push_back(
            scale(context, mean(context, multiply(context, each, each)), settings_.update_penalty));
    }
    if (settings_.activity_penalty > 0) {
        const Var said = activate(context, activity, Activation::relu);
        context.penalties->push_back(
            scale(context, mean(context, said), settings_.activity_penalty));
    }
}

/// What the branches get of the layer's input.
Var ElmLayerModule::from_outside(Context& context, const SequenceInput& input) {
    const std::int64_t batch = input.batch();
    if (input_weight_ == nullptr) {
        const std::int64_t rows = layer_.shape.branches * layer_.shape.neurons;
        return {
            Tensor::zeros(context.stream, {batch, input.steps(), rows}, offset_->value.dtype())};
    }
    const Var weight = scale(context, use(context, *input_weight_), settings_.outer_scale);
    const Tensor gain = mask(context, input, inputs_, settings_.input_dropout);
    return input.spikes != nullptr ? synapse_sum(context, outer_, *input.spikes, weight, gain)
                                   : synapse_sum(context, outer_, input.dense, weight, gain);
}

/// Variational dropout: what is dropped is dropped in all steps. Undefined where nothing is.
Tensor ElmLayerModule::mask(Context& context, const SequenceInput& input, std::int64_t features,
                            double rate) const {
    if (!context.training || rate == 0) return {};
    const InputDropout dropout{rate, context.next_key(), input.first_sample};
    const std::int64_t batch = input.batch();
    Stream host{Device{}};
    const Tensor gains = Tensor::empty(host, {batch, features}, offset_->value.dtype());
    visit_real(gains.dtype(), [&]<class Real>(Real) {
        const auto values = gains.host<Real>();
        for (std::int64_t at = 0; at < batch * features; ++at) {
            values[static_cast<std::size_t>(at)] =
                dropout.keeps(at / features, at % features, features)
                    ? static_cast<Real>(dropout.gain())
                    : Real(0);
        }
    });
    return context.stream.device().kind == DeviceKind::cpu ? gains : gains.to(context.stream);
}

/// All rows of the scan's parameters in their order.
Var ElmLayerModule::parameters_of(Context& context) const {
    const std::int64_t neurons = layer_.shape.neurons;
    std::vector<Var> rows;
    for (const ModuleParameter* map : maps_) {
        rows.push_back(
            reshape(context, use(context, *map), {map->shape.size() / neurons, neurons}));
    }
    const auto [decay, gain] = memory_factors(context);
    rows.insert(rows.end(), {decay, gain, use(context, *readout_), use(context, *offset_)});
    return concatenate(context, rows, 0);
}

/// exp(-1 / tau) and 1 - exp(-lambda / tau).
std::pair<Var, Var> ElmLayerModule::memory_factors(Context& context) const {
    if (tau_ == nullptr) {
        const DType dtype = offset_->value.dtype();
        const Shape shape{layer_.shape.memories, layer_.shape.neurons};
        return visit_real(dtype, [&]<class Real>(Real) -> std::pair<Var, Var> {
            std::vector<Real> decays, gains;
            for (std::int64_t i = 0; i < shape.size(); ++i) {
                const double tau = first_tau(i / shape[1]);
                decays.push_back(static_cast<Real>(std::exp(-1 / tau)));
                gains.push_back(static_cast<Real>(-std::expm1(-settings_.lambda / tau)));
            }
            return {{Tensor::from<Real>(context.stream, shape, decays)},
                    {Tensor::from<Real>(context.stream, shape, gains)}};
        });
    }
    const Var share = activate(context, use(context, *tau_), Activation::sigmoid);
    const Var rate = activate(
        context, scale(context, share, std::log(shortest() / longest()), -std::log(shortest())),
        Activation::exp);  // 1 / tau
    const Var decay = activate(context, scale(context, rate, -1), Activation::exp);
    const Var rest = activate(context, scale(context, rate, -settings_.lambda), Activation::exp);
    return {decay, scale(context, rest, -1, 1)};
}

/// Bounds of what is learned.
double ElmLayerModule::shortest() const { return settings_.shortest_tau / 10; }
double ElmLayerModule::longest() const { return settings_.longest_tau * std::sqrt(10.0); }

/// From the shortest to the longest, equally spaced in their logarithm; a single one: shortest.
double ElmLayerModule::first_tau(std::int64_t memory) const {
    const std::int64_t last = layer_.shape.memories - 1;
    const double part = last == 0 ? 0 : static_cast<double>(memory) / static_cast<double>(last);
    return settings_.shortest_tau * std::pow(settings_.longest_tau / settings_.shortest_tau, part);
}
Initialiser ElmLayerModule::first_tau_logits() const {
    std::vector<double> logits;
    const double range = std::log(longest() / shortest());
    for (std::int64_t i = 0; i < layer_.shape.memories * layer_.shape.neurons; ++i) {
        const double share = std::log(first_tau(i / layer_.shape.neurons) / shortest()) / range;
        logits.push_back(std::log(share / (1 - share)));
    }
    return [logits](Stream& stream, const Tensor& values, const RandomKey&) {
        visit_real(values.dtype(), [&]<class Real>(Real) {
            values.assign<Real>(stream, std::vector<Real>(logits.begin(), logits.end()));
        });
    };
}

/// The connectome on the device of this pass.
void ElmLayerModule::connect(Stream& stream) {
    if (connected_ && device_ == stream.device()) return;
    const std::int64_t rows = layer_.shape.branches * layer_.shape.neurons;
    const Wires &outer = connectome_.outer, &own = connectome_.recurrent;
    outer_ = make_synapses(stream, inputs_, rows, outer.source, outer.row);
    recurrent_ = make_synapses(stream, layer_.shape.neurons, rows, own.source, own.row);
    device_ = stream.device();
    connected_ = true;
}

}  // namespace elm
