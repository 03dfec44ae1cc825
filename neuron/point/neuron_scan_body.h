#pragma once

#include "neuron/point/adaptive_threshold.h"
#include "neuron/point/leaky_integrate_and_fire.h"
#include "neuron/point/neuron_scan.h"

namespace elm {

/// What one neuron is made of; an absent adaptation has no strength.
template <class Real>
struct NeuronOfScan {
    LeakyIntegrateAndFire<Real> membrane;
    AdaptiveThreshold<Real> adaptive;

    ELM_HD NeuronOfScan(const NeuronScanWeights<Real>& weights, std::int64_t neuron)
        : membrane{weights.decay(neuron), weights.resting(neuron), weights.threshold(neuron),
                   weights.reset.data == nullptr ? Real(0) : weights.reset(neuron),
                   weights.reset.data == nullptr},
          adaptive{Real(0), Real(0)} {
        if (weights.adaptation_decay.data == nullptr) return;
        adaptive = {weights.adaptation_decay(neuron), weights.adaptation_strength(neuron)};
    }
};

/// One call is one (sample, neuron) sequence; neighbouring calls are neighbouring neurons in
/// memory.
template <class Real>
struct NeuronScanOneNeuron {
    NeuronScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t time = args.current.extent[1], neurons = args.current.extent[2];
        const std::int64_t sample = index / neurons, neuron = index % neurons;
        const NeuronOfScan<Real> self(args.weights, neuron);
        Real voltage = self.membrane.resting, spike = 0, adaptation = 0;
        std::int32_t refractory_left = 0;
        if (args.start.data != nullptr) {
            voltage = args.start(sample, neuron, 0);
            spike = args.start(sample, neuron, 1);
            adaptation = args.start(sample, neuron, 2);
            refractory_left = static_cast<std::int32_t>(args.start(sample, neuron, 3));
        }
        std::int64_t at = sample * time * neurons + neuron;
        for (std::int64_t t = 0; t < time; ++t, at += neurons) {
            const bool held = refractory_left > 0 && !self.membrane.subtracts;
            voltage = held ? self.membrane.reset
                           : self.membrane.step(voltage, spike, args.current.data[at]);
            const Real threshold = self.adaptive.threshold(self.membrane.threshold, adaptation);
            const Real distance = voltage - threshold;
            spike = distance >= 0 && refractory_left == 0 ? Real(1) : Real(0);
            if (args.rule.smooth) spike = args.rule.surrogate.smooth_step(distance);
            if (refractory_left > 0) {
                --refractory_left;
            } else if (spike > 0) {
                refractory_left = args.rule.refractory_steps;
            }
            args.voltage.data[at] = voltage;
            args.spikes.data[at] = spike;
            args.distance.data[at] = distance;
            if (args.adaptation.data != nullptr) args.adaptation.data[at] = adaptation;
            adaptation = self.adaptive.step(adaptation, spike);
        }
        if (args.end.data == nullptr) return;
        args.end(sample, neuron, 0) = voltage;
        args.end(sample, neuron, 1) = spike;
        args.end(sample, neuron, 2) = adaptation;
        args.end(sample, neuron, 3) = static_cast<Real>(refractory_left);
        static_assert(neuron_scan_states == 4);
    }
};

template <class Real>
struct NeuronScanBackwardOneNeuron {
    NeuronScanBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t time = args.voltage.extent[1], neurons = args.voltage.extent[2];
        const std::int64_t sample = index / neurons, neuron = index % neurons;
        const NeuronOfScan<Real> self(args.weights, neuron);
        const std::int64_t first = sample * time * neurons + neuron;
        typename LeakyIntegrateAndFire<Real>::Gradient membrane;
        typename AdaptiveThreshold<Real>::Gradient adaptive;
        const bool goes_on = args.start.data != nullptr;
        const Real start_voltage = goes_on ? args.start(sample, neuron, 0) : self.membrane.resting;
        const Real start_spike = goes_on ? args.start(sample, neuron, 1) : Real(0);
        const std::int64_t refractory_at_start =
            goes_on ? static_cast<std::int64_t>(args.start(sample, neuron, 3)) : 0;
        std::int64_t last_spike = time;  // before step t
        for (std::int64_t t = time - 1; t >= 0; --t) {
            const std::int64_t at = first + t * neurons;
            if (args.rule.refractory_steps > 0 && last_spike >= t) {
                last_spike = t - 1;
                while (last_spike >= 0 && !(args.spikes.data[first + last_spike * neurons] > 0)) {
                    --last_spike;
                }
            }
            const bool refractory =
                t < refractory_at_start || (args.rule.refractory_steps > 0 && last_spike >= 0 &&
                                            t - last_spike <= args.rule.refractory_steps);

            Real spike_gradient = args.spikes_gradient.data[at] + adaptive.adaptation;
            if (!args.rule.detach_reset) spike_gradient += membrane.spike;
            Real distance_gradient = args.distance_gradient.data[at];
            if (!refractory) {
                distance_gradient +=
                    spike_gradient * args.rule.surrogate.derivative(args.distance.data[at]);
            }
            membrane.threshold -= distance_gradient;
            const Real adaptation =
                args.adaptation.data == nullptr ? Real(0) : args.adaptation.data[at];
            self.adaptive.step_gradient(adaptation, -distance_gradient, adaptive);

            const Real gradient =
                args.voltage_gradient.data[at] + membrane.voltage + distance_gradient;
            if (refractory && !self.membrane.subtracts) {
                membrane.reset += gradient;
                membrane.voltage = membrane.spike = 0;
                args.current_gradient.data[at] = 0;
                continue;
            }
            const Real voltage = t > 0 ? args.voltage.data[at - neurons] : start_voltage;
            const Real spike = t > 0 ? args.spikes.data[at - neurons] : start_spike;
            self.membrane.step_gradient(voltage, spike, gradient, membrane);
            args.current_gradient.data[at] = gradient;
        }
        if (!goes_on) membrane.resting += membrane.voltage;  // where the first step starts from
        args.weight_gradients(0, sample, neuron) = membrane.decay;
        args.weight_gradients(1, sample, neuron) = membrane.threshold;
        args.weight_gradients(2, sample, neuron) = membrane.resting;
        args.weight_gradients(3, sample, neuron) = membrane.reset;
        args.weight_gradients(4, sample, neuron) = adaptive.decay;
        args.weight_gradients(5, sample, neuron) = adaptive.strength;
        static_assert(neuron_scan_weights == 6);
    }
};

template <class Backend, class Real>
void run_neuron_scan(Stream& stream, const NeuronScanArgs<Real>& args) {
    const auto& extent = args.current.extent;
    Backend::for_each_index(stream, extent[0] * extent[2], NeuronScanOneNeuron<Real>{args});
}

template <class Backend, class Real>
void run_neuron_scan_backward(Stream& stream, const NeuronScanBackwardArgs<Real>& args) {
    const auto& extent = args.voltage.extent;
    Backend::for_each_index(stream, extent[0] * extent[2], NeuronScanBackwardOneNeuron<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_neuron_scan, NeuronScanArgs);
ELM_DECLARE_CUDA_INSTANCES(run_neuron_scan_backward, NeuronScanBackwardArgs);

}  // namespace elm
