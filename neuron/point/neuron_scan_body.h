#pragma once

#include "neuron/point/adaptive_threshold.h"
#include "neuron/point/leaky_integrate_and_fire.h"
#include "neuron/point/neuron_scan.h"

namespace elm {

/// What the scan asks of its numbers, for one neuron. neuron_scan.cpp has the same for vectors.
template <class R>
struct OneNeuron {
    using Real = R;
    using Value = R;
    ELM_HD static R load(const R* from) { return *from; }
    ELM_HD static void store(R* to, R value) { *to = value; }
    /// The same for neighbours whose numbers are `stride` apart.
    ELM_HD static R gather(const R* from, std::int64_t /*stride*/) { return *from; }
    ELM_HD static void scatter(R* to, std::int64_t /*stride*/, R value) { *to = value; }
    ELM_HD static R select(bool condition, R yes, R no) { return condition ? yes : no; }
    ELM_HD static R derivative(const SurrogateOf<R>& surrogate, R x) {
        return surrogate.derivative(x);
    }
    ELM_HD static R smooth_step(const SurrogateOf<R>& surrogate, R x) {
        return surrogate.smooth_step(x);
    }
};

/// What a neuron is made of; an absent adaptation has no strength.
template <class Lanes>
struct NeuronOfScan {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    LeakyIntegrateAndFire<Lanes> membrane;
    AdaptiveThreshold<Lanes> adaptive;

    ELM_HD NeuronOfScan(const NeuronScanWeights<Real>& weights, std::int64_t neuron)
        : membrane{at(weights.decay, neuron), at(weights.resting, neuron),
                   at(weights.threshold, neuron), at(weights.reset, neuron),
                   weights.reset.data == nullptr},
          adaptive{at(weights.adaptation_decay, neuron), at(weights.adaptation_strength, neuron)} {}

private:
    ELM_HD static Value at(const View<const Real, 1>& weights, std::int64_t neuron) {
        return weights.data == nullptr ? Value{} : Lanes::load(weights.data + neuron);
    }
};

/// One call is the sequence of one neuron, or of some neighbours, of one sample.
template <class Lanes>
struct NeuronScanForward {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    NeuronScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t neuron) const {
        const std::int64_t time = args.current.extent[1], neurons = args.current.extent[2];
        const NeuronOfScan<Lanes> self(args.weights, neuron);
        const Value zero{}, one = Value{} + 1;
        const Value refractory_steps = zero + static_cast<Real>(args.rule.refractory_steps);
        Value voltage = self.membrane.resting, spike{}, adaptation{}, refractory_left{};
        if (args.start.data != nullptr) {
            const auto state = [&](std::int64_t number) {
                return Lanes::gather(&args.start(sample, neuron, number), neuron_scan_states);
            };
            voltage = state(0);
            spike = state(1);
            adaptation = state(2);
            refractory_left = state(3);
        }
        std::int64_t at = sample * time * neurons + neuron;
        for (std::int64_t t = 0; t < time; ++t, at += neurons) {
            voltage = self.membrane.step(voltage, spike, Lanes::load(args.current.data + at));
            if (!self.membrane.subtracts) {
                voltage = Lanes::select(refractory_left >= one, self.membrane.reset, voltage);
            }
            const Value distance =
                voltage - self.adaptive.threshold(self.membrane.threshold, adaptation);
            if (args.rule.smooth) {
                spike = Lanes::smooth_step(args.rule.surrogate, distance);
            } else {
                spike = Lanes::select(distance >= zero, one, zero);
                spike = Lanes::select(refractory_left >= one, zero, spike);
                refractory_left = Lanes::select(refractory_left >= one, refractory_left - one,
                                                spike * refractory_steps);
            }
            Lanes::store(args.voltage.data + at, voltage);
            Lanes::store(args.spikes.data + at, spike);
            Lanes::store(args.distance.data + at, distance);
            if (args.adaptation.data != nullptr) {
                Lanes::store(args.adaptation.data + at, adaptation);
            }
            adaptation = self.adaptive.step(adaptation, spike);
        }
        if (args.end.data == nullptr) return;
        const Value states[] = {voltage, spike, adaptation, refractory_left};
        static_assert(sizeof(states) == neuron_scan_states * sizeof(Value));
        for (std::int64_t number = 0; number < neuron_scan_states; ++number) {
            Lanes::scatter(&args.end(sample, neuron, number), neuron_scan_states, states[number]);
        }
    }
};

template <class Lanes>
struct NeuronScanBackward {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    NeuronScanBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t neuron) const {
        const std::int64_t time = args.voltage.extent[1], neurons = args.voltage.extent[2];
        const std::int64_t window = args.rule.refractory_steps;
        const NeuronOfScan<Lanes> self(args.weights, neuron);
        const Value zero{};
        const Real* const spikes = args.spikes.data + sample * time * neurons + neuron;
        typename LeakyIntegrateAndFire<Lanes>::Gradient membrane;
        typename AdaptiveThreshold<Lanes>::Gradient adaptive;
        const bool goes_on = args.start.data != nullptr;
        Value start_voltage = self.membrane.resting, start_spike{}, refractory_at_start{};
        if (goes_on) {
            const Real* const start = &args.start(sample, neuron, 0);
            start_voltage = Lanes::gather(start, neuron_scan_states);
            start_spike = Lanes::gather(start + 1, neuron_scan_states);
            refractory_at_start = Lanes::gather(start + 3, neuron_scan_states);
        }
        Value recent{};  // spikes in the `window` steps before t
        for (std::int64_t t = time - window > 0 ? time - window : 0; t < time; ++t) {
            recent += Lanes::load(spikes + t * neurons);
        }
        for (std::int64_t t = time - 1; t >= 0; --t) {
            const std::int64_t at = (sample * time + t) * neurons + neuron;
            if (window > 0) {
                recent -= Lanes::load(spikes + t * neurons);
                if (t >= window) recent += Lanes::load(spikes + (t - window) * neurons);
            }
            const auto refractory =
                (recent > zero) | (refractory_at_start >= zero + static_cast<Real>(t + 1));

            Value spike_gradient = Lanes::load(args.spikes_gradient.data + at);
            spike_gradient += adaptive.adaptation;
            if (!args.rule.detach_reset) spike_gradient += membrane.spike;
            const Value slope =
                Lanes::derivative(args.rule.surrogate, Lanes::load(args.distance.data + at));
            const Value distance_gradient =
                Lanes::load(args.distance_gradient.data + at) +
                Lanes::select(refractory, zero, Value(spike_gradient * slope));
            membrane.threshold -= distance_gradient;
            const Value adaptation =
                args.adaptation.data == nullptr ? zero : Lanes::load(args.adaptation.data + at);
            self.adaptive.step_gradient(adaptation, -distance_gradient, adaptive);

            Value gradient =
                Lanes::load(args.voltage_gradient.data + at) + membrane.voltage + distance_gradient;
            if (!self.membrane.subtracts) {  // a voltage that is held there is V_r itself
                membrane.reset += Lanes::select(refractory, gradient, zero);
                gradient = Lanes::select(refractory, zero, gradient);
            }
            const Value voltage =
                t > 0 ? Lanes::load(args.voltage.data + at - neurons) : start_voltage;
            const Value spike = t > 0 ? Lanes::load(spikes + (t - 1) * neurons) : start_spike;
            self.membrane.step_gradient(voltage, spike, gradient, membrane);
            Lanes::store(args.current_gradient.data + at, gradient);
        }
        if (!goes_on) membrane.resting += membrane.voltage;  // where the first step starts from
        const Value results[] = {membrane.decay, membrane.threshold, membrane.resting,
                                 membrane.reset, adaptive.decay,     adaptive.strength};
        static_assert(sizeof(results) == neuron_scan_weights * sizeof(Value));
        for (std::int64_t i = 0; i < neuron_scan_weights; ++i) {
            Lanes::store(&args.weight_gradients(i, sample, neuron), results[i]);
        }
    }
};

template <class Backend, class Real>
void run_neuron_scan(Stream& stream, const NeuronScanArgs<Real>& args) {
    const auto& extent = args.current.extent;
    Backend::for_each_element(stream, extent[0], extent[2],
                              NeuronScanForward<OneNeuron<Real>>{args});
}

template <class Backend, class Real>
void run_neuron_scan_backward(Stream& stream, const NeuronScanBackwardArgs<Real>& args) {
    const auto& extent = args.voltage.extent;
    Backend::for_each_element(stream, extent[0], extent[2],
                              NeuronScanBackward<OneNeuron<Real>>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_neuron_scan, NeuronScanArgs);
ELM_DECLARE_CUDA_INSTANCES(run_neuron_scan_backward, NeuronScanBackwardArgs);

}  // namespace elm
