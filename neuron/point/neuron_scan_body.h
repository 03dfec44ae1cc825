#pragma once

#include "neuron/point/neuron_headers.h"
#include "neuron/point/neuron_scan.h"

namespace elm {

/// Arithmetic of the scan for one neuron. neuron_scan.cpp has the same for vectors.
template <class R>
struct OneNeuron : OneLane<R> {
    ELM_HD static R load(const R* from) { return *from; }
    ELM_HD static void store(R* to, R value) { *to = value; }
    /// The same for neighbours whose numbers are `stride` apart.
    ELM_HD static R gather(const R* from, std::int64_t /*stride*/) { return *from; }
    ELM_HD static void scatter(R* to, std::int64_t /*stride*/, R value) { *to = value; }
    ELM_HD static R derivative(const SurrogateOf<R>& surrogate, R x) {
        return surrogate.derivative(x);
    }
    ELM_HD static R smooth_step(const SurrogateOf<R>& surrogate, R x) {
        return surrogate.smooth_step(x);
    }
};

/// Access to the values that forward and backward scans read and write alike.
template <class Neuron, class Lanes>
struct NeuronScanAccess {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    using State = typename Neuron::template State<Value>;
    using Coefficients = typename Neuron::template Coefficients<Value>;
    using Start = GridState<Neuron, Value>;

    /// Coefficients without data are 0.
    ELM_HD static Coefficients coefficients(
        const View<const Real, 1> (&views)[coefficient_count<Neuron>], std::int64_t neuron) {
        Coefficients result{};
        int i = 0;
        Coefficients::each(result, [&](Value& value) {
            const Real* const from = views[i++].data;
            value = from == nullptr ? Value{} : Lanes::load(from + neuron);
        });
        return result;
    }
    ELM_HD static Start start(const Coefficients& c, const View<const Real, 3>& from,
                              std::int64_t sample, std::int64_t neuron) {
        constexpr std::int64_t count = neuron_scan_states<Neuron>;
        Start state{Neuron::template initial<Lanes>(c)};
        if (from.data == nullptr) return state;
        const Real* next = &from(sample, neuron, 0);
        state.spike = Lanes::gather(next++, count);
        state.refractory_left = Lanes::gather(next++, count);
        State::each(state.own, [&](Value& value) { value = Lanes::gather(next++, count); });
        return state;
    }
    /// State at `at` of a trace (batch, time, neurons).
    ELM_HD static State load(const View<const Real, 3>& voltage, const View<const Real, 4>& hidden,
                             std::int64_t at) {
        State state{};
        const Real* from = voltage.data;
        const Real* next = hidden.data;
        State::each(state, [&](Value& value) {
            value = Lanes::load(from + at);
            from = next;
            if (next != nullptr) next += voltage.size();
        });
        return state;
    }
};

/// One call is the sequence of one neuron, or of some neighbours, of one sample.
template <class Neuron, class Lanes>
struct NeuronScanForward {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    using Access = NeuronScanAccess<Neuron, Lanes>;
    NeuronScanArgs<Neuron, Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t neuron) const {
        const std::int64_t time = args.current.extent[1], neurons = args.current.extent[2];
        const auto c = Access::coefficients(args.coefficients, neuron);
        const Value refractory_steps = Value{} + static_cast<Real>(args.rule.refractory_steps);
        auto state = Access::start(c, args.start, sample, neuron);
        std::int64_t at = sample * time * neurons + neuron;
        for (std::int64_t t = 0; t < time; ++t, at += neurons) {
            const Value distance = approach_threshold<Neuron, Lanes>(
                c, args.rule.reset, state, {Lanes::load(args.current.data + at)});
            if (args.rule.smooth) {
                state.spike = Lanes::smooth_step(args.rule.surrogate, distance);
            } else {
                spike_at<Neuron, Lanes>(distance, refractory_steps, state);
            }
            store(state.own, at);
            Lanes::store(args.spikes.data + at, state.spike);
            Lanes::store(args.distance.data + at, distance);
            Neuron::template after_spike<Lanes>(c, args.rule.reset, state.own, state.spike);
        }
        if (args.end.data == nullptr) return;
        constexpr std::int64_t count = neuron_scan_states<Neuron>;
        Real* next = &args.end(sample, neuron, 0);
        Lanes::scatter(next++, count, state.spike);
        Lanes::scatter(next++, count, state.refractory_left);
        Access::State::each(state.own, [&](Value& value) { Lanes::scatter(next++, count, value); });
    }

private:
    ELM_HD void store(const typename Access::State& state, std::int64_t at) const {
        Real* to = args.voltage.data;
        Real* next = args.hidden.data;
        Access::State::each(state, [&](const Value& value) {
            if (to != nullptr) Lanes::store(to + at, value);
            to = next;
            if (next != nullptr) next += args.voltage.size();
        });
    }
};

template <class Neuron, class Lanes>
struct NeuronScanBackward {
    using Real = typename Lanes::Real;
    using Value = typename Lanes::Value;
    using Access = NeuronScanAccess<Neuron, Lanes>;
    using State = typename Access::State;
    NeuronScanBackwardArgs<Neuron, Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t neuron) const {
        const std::int64_t time = args.voltage.extent[1], neurons = args.voltage.extent[2];
        const std::int64_t window = args.rule.refractory_steps;
        const ResetKind reset = args.rule.reset;
        const auto c = Access::coefficients(args.coefficients, neuron);
        const Value zero{};
        const Real* const spikes = args.spikes.data + sample * time * neurons + neuron;
        const auto start = Access::start(c, args.start, sample, neuron);
        State gradient{};  // of the state after step t, then of the one before it
        typename Access::Coefficients sums{};
        Value pending{};  // gradient of spike t by the reset of step t + 1
        Value recent{};   // spikes in the `window` steps before t
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
                (recent > zero) | (start.refractory_left >= zero + static_cast<Real>(t + 1));
            const State state = Access::load(args.voltage, args.hidden, at);

            Value spike_gradient = Lanes::load(args.spikes_gradient.data + at);
            spike_gradient += Neuron::template after_spike_gradient<Lanes>(
                c, reset, state, Lanes::load(spikes + t * neurons), gradient, sums);
            if (!args.rule.detach_reset) spike_gradient += pending;
            const Value slope =
                Lanes::derivative(args.rule.surrogate, Lanes::load(args.distance.data + at));
            const Value distance_gradient =
                Lanes::load(args.distance_gradient.data + at) +
                Lanes::select(refractory, zero, Value(spike_gradient * slope));
            add_to_potential(Lanes::load(args.voltage_gradient.data + at), gradient);
            Neuron::template distance_gradient<Lanes>(c, state, distance_gradient, gradient, sums);
            Neuron::template hold_gradient<Lanes>(c, reset, refractory, gradient, sums);

            State before = start.own;
            Value spike = start.spike;
            if (t > 0) {
                before = Access::load(args.voltage, args.hidden, at - neurons);
                spike = Lanes::load(spikes + (t - 1) * neurons);
                Neuron::template after_spike<Lanes>(c, reset, before, spike);
            }
            typename Neuron::template Input<Value> input{};
            if constexpr (Neuron::gradient_needs_input) {
                input = {Lanes::load(args.current.data + at)};
            }
            const IntegrateGradient<Value> result = Neuron::template integrate_gradient<Lanes>(
                c, reset, before, spike, input, gradient, sums);
            pending = result.spike;
            Lanes::store(args.current_gradient.data + at, result.input);
        }
        if (args.start.data == nullptr) Neuron::template initial_gradient<Lanes>(gradient, sums);
        std::int64_t i = 0;
        Access::Coefficients::each(sums, [&](const Value& sum) {
            Lanes::store(&args.coefficient_gradients(i++, sample, neuron), sum);
        });
    }

private:
    ELM_HD static void add_to_potential(const Value& more, State& gradient) {
        bool first = true;
        State::each(gradient, [&](Value& value) {
            if (first) value = more + value;
            first = false;
        });
    }
};

/// The instances of a neuron for both real types, where the functions of a place are defined.
#define ELM_NEURON_SCAN_INSTANCE(place, Neuron, Real)                                   \
    template void neuron_scan_on_##place(Stream&, const NeuronScanArgs<Neuron, Real>&); \
    template void neuron_scan_backward_on_##place(Stream&,                              \
                                                  const NeuronScanBackwardArgs<Neuron, Real>&);
#define ELM_NEURON_SCAN_INSTANCES(place, Neuron)   \
    ELM_NEURON_SCAN_INSTANCE(place, Neuron, float) \
    ELM_NEURON_SCAN_INSTANCE(place, Neuron, double)

}  // namespace elm
