#include "baselines/spiking/point_neurons.h"

#include <cmath>
#include <type_traits>
#include <vector>

#include "baselines/bounded_values.h"
#include "baselines/convolution/causal_layers.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/scan/recurrent/leaky_scan.h"
#include "neuron/point/alif.h"
#include "neuron/point/neuron_scan.h"

namespace elm {
namespace {

/// Each neuron has `count` time constants from `shortest` to `longest` steps, equally spaced in
/// their logarithm; a single one lies in the middle.
Initialiser decay_logits(std::int64_t count, double shortest, double longest) {
    return [=](Stream& stream, const Tensor& values, const RandomKey&) {
        visit_real(values.dtype(), [&]<class Real>(Real) {
            std::vector<Real> logits(static_cast<std::size_t>(values.shape().size()));
            for (std::size_t i = 0; i < logits.size(); ++i) {
                const auto at = static_cast<double>(static_cast<std::int64_t>(i) % count);
                const double part = count == 1 ? 0.5 : at / static_cast<double>(count - 1);
                logits[i] =
                    static_cast<Real>(decay_logit(shortest * std::pow(longest / shortest, part)));
            }
            values.assign<Real>(stream, logits);
        });
    };
}

/// `Neuron`: Lif or Alif.
template <class Neuron>
class PointNeurons : public SequenceModel {
public:
    PointNeurons(const OptionSet& options, const SequenceShape& shape)
        : SequenceModel(shape),
          neurons_(options.get<std::int64_t>("neurons")),
          currents_(options.get<std::int64_t>("currents")),
          synapses_(
              child("synapses", std::make_unique<InputLayer>(shape.n_input, neurons_ * currents_))),
          synapse_decay_(offset("synapse_decay_logit", {neurons_ * currents_},
                                decay_logits(currents_, 2, 20))),
          membrane_decay_(offset("membrane_decay_logit", {neurons_}, decay_logits(1, 20, 20))),
          threshold_(offset("threshold", {neurons_}, initialise::constant(1))),
          resting_(offset("resting", {neurons_}, initialise::constant(0))) {
        threshold_.trainable = false;
        resting_.trainable = false;
        if constexpr (adapts) {
            adaptation_decay_ =
                &offset("adaptation_decay_logit", {neurons_}, decay_logits(1, 100, 100));
            adaptation_strength_ =
                &offset("adaptation_strength_softplus", {neurons_}, initialise::constant(-2));
        }
        readout_ = &child("readout", std::make_unique<Linear>(3 * neurons_, shape.n_output));
        rule_.refractory_steps =
            static_cast<std::int32_t>(options.get<std::int64_t>("refractory_steps"));
        rule_.surrogate = {SurrogateKind::triangle, 1, 0.3};  // Bellec et al. 2018
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        require_state(state, input.spikes != nullptr ? 2 : 3, input.spikes != nullptr ? 1 : 0,
                      input.batch());
        StateCursor cursor(state);
        const Var driven = synapses_.forward(context, input, cursor);
        const Var current = synaptic_current(context, driven, cursor);
        Tensor neurons = cursor.take_tensor();
        const NeuronTraces traces =
            neuron_scan<Neuron>(context, current, coefficients(context), rule_, &neurons);
        cursor.keep(neurons);
        cursor.finish();
        const Var seen[] = {traces.voltage, traces.spikes, traces.distance};
        return readout_->forward(context, concatenate(context, seen, 2));
    }

private:
    /// (batch, time, neurons currents) → (batch, time, neurons).
    Var synaptic_current(Context& context, const Var& driven, StateCursor& cursor) const {
        const std::int64_t batch = driven.value.shape()[0], steps = driven.value.shape()[1];
        Tensor initial = cursor.take_tensor();
        if (!initial.defined()) {
            initial =
                Tensor::zeros(context.stream, {batch, neurons_ * currents_}, driven.value.dtype());
        }
        Var filtered =
            leaky_scan(context, driven, sigmoid_of(context, synapse_decay_), Var{initial});
        cursor.keep(steps == 0 ? initial : last_step(context, filtered.value));
        if (currents_ == 1) return filtered;
        return sum(context, reshape(context, filtered, {batch, steps, neurons_, currents_}), 3);
    }

    typename Neuron::template Coefficients<Var> coefficients(Context& context) const {
        typename Neuron::template Coefficients<Var> result{};
        result.decay = sigmoid_of(context, membrane_decay_);
        result.threshold = use(context, threshold_);
        result.resting = use(context, resting_);
        if constexpr (adapts) {
            result.adaptation_decay = sigmoid_of(context, *adaptation_decay_);
            result.adaptation_strength =
                activate(context, use(context, *adaptation_strength_), Activation::softplus);
        }
        return result;
    }

    static constexpr bool adapts = std::is_same_v<Neuron, Alif>;
    std::int64_t neurons_, currents_;
    InputLayer& synapses_;
    ModuleParameter& synapse_decay_;
    ModuleParameter& membrane_decay_;
    ModuleParameter& threshold_;
    ModuleParameter& resting_;
    ModuleParameter* adaptation_decay_ = nullptr;  // null: a constant threshold
    ModuleParameter* adaptation_strength_ = nullptr;
    Linear* readout_ = nullptr;
    SpikeRule rule_;
};

}  // namespace

OptionSet point_neuron_options() {
    OptionSet options;
    options.declare({.name = "neurons",
                     .value = std::int64_t{1},
                     .help = "point neurons that the outputs read",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "currents",
                     .value = std::int64_t{4},
                     .help = "synaptic currents of each neuron, each with weights and a time "
                             "constant of its own",
                     .lowest = 1,
                     .highest = 1024});
    options.declare({.name = "refractory_steps",
                     .value = std::int64_t{2},
                     .help = "steps after a spike without another",
                     .unit = "steps",
                     .lowest = 0,
                     .highest = 65536});
    return options;
}

std::unique_ptr<SequenceModel> make_point_neurons(const OptionSet& options,
                                                  const SequenceShape& shape, bool adapts) {
    if (adapts) return std::make_unique<PointNeurons<Alif>>(options, shape);
    return std::make_unique<PointNeurons<Lif>>(options, shape);
}

}  // namespace elm
