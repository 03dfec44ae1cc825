#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "neuron/point/alif.h"
#include "neuron/point/neuron_scan.h"
#include "tests/reference/neuron_scan_reference.h"
#include "tests/support/op_case.h"

/// Scans over LIF and ALIF neurons of any kind, and the same by naive loops.
namespace elm::test::neuron_scan_case {

struct Size {
    std::int64_t batch, time, neurons;
};

struct Kind {
    bool to_value = false;  // reset, instead of by subtraction
    bool adapts = false;
    SpikeRule rule = {};
    bool differentiable = true;
};

/// Inputs in the order in which reference::NeuronScanInputs has them; those without meaning left
/// out.
inline std::vector<InputSpec> specs_of(const Size& n, const Kind& kind) {
    const Shape neurons{n.neurons};
    std::vector<InputSpec> specs = {
        {.name = "current", .shape = {n.batch, n.time, n.neurons}, .low = -0.3, .high = 0.9},
        {.name = "decay", .shape = neurons, .low = 0.7, .high = 0.95},
        {.name = "threshold", .shape = neurons, .low = 0.8, .high = 1.2},
        {.name = "resting", .shape = neurons, .low = -0.2, .high = 0.2}};
    if (kind.to_value) {
        specs.push_back({.name = "reset", .shape = neurons, .low = -0.5, .high = 0});
    }
    if (kind.adapts) {
        specs.push_back({.name = "adaptation_decay", .shape = neurons, .low = 0.7, .high = 0.95});
        specs.push_back({.name = "adaptation_strength", .shape = neurons, .low = 0.1, .high = 0.5});
    }
    for (InputSpec& spec : specs) spec.differentiable = kind.differentiable;
    return specs;
}

template <class Neuron>
inline NeuronTraces run(Context& context, std::span<const Var> in, const Kind& kind,
                        Tensor* state) {
    typename Neuron::template Coefficients<Var> coefficients{};
    coefficients.decay = in[1];
    coefficients.threshold = in[2];
    coefficients.resting = in[3];
    if (kind.to_value) coefficients.reset = in[4];
    if constexpr (std::is_same_v<Neuron, Alif>) {
        coefficients.adaptation_decay = in[in.size() - 2];
        coefficients.adaptation_strength = in[in.size() - 1];
    }
    SpikeRule rule = kind.rule;
    rule.reset = kind.to_value ? ResetKind::to_value : ResetKind::by_subtraction;
    return neuron_scan<Neuron>(context, in[0], coefficients, rule, state);
}
inline NeuronTraces run(Context& context, std::span<const Var> in, const Kind& kind,
                        Tensor* state = nullptr) {
    return kind.adapts ? run<Alif>(context, in, kind, state) : run<Lif>(context, in, kind, state);
}

/// The reference along one direction; an empty direction is zero.
inline reference::NeuronScanOutputs naive(const Arrays& in, const Arrays& direction, const Size& n,
                                          const Kind& kind) {
    std::vector<std::vector<reference::Dual>> dual;
    for (std::size_t i = 0; i < in.size(); ++i) {
        dual.emplace_back();
        for (std::size_t k = 0; k < in[i].size(); ++k) {
            dual[i].push_back({in[i][k], direction.empty() ? 0 : direction[i][k]});
        }
    }
    reference::NeuronScanInputs inputs{dual[0], dual[1], dual[2], dual[3], {}, {}, {}};
    if (kind.to_value) inputs.reset = dual[4];
    if (kind.adapts) {
        inputs.adaptation_decay = dual[dual.size() - 2];
        inputs.adaptation_strength = dual[dual.size() - 1];
    }
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const SpikeSurrogate surrogate = kind.rule.surrogate;
    return reference::neuron_scan(
        inputs, {size(n.batch), size(n.time), size(n.neurons)},
        {!kind.to_value, kind.adapts, kind.rule.smooth, kind.rule.detach_reset,
         kind.rule.refractory_steps, [=](double x) { return surrogate.smooth_step(x); },
         [=](double x) { return surrogate.derivative(x); }});
}

inline std::vector<double> values_of_dual(const std::vector<reference::Dual>& numbers) {
    std::vector<double> values;
    for (const auto& number : numbers) values.push_back(number.value);
    return values;
}

inline OpCase scan_case(const std::string& name, const Size& n, const Kind& kind) {
    return {.name = name,
            .inputs = specs_of(n, kind),
            .run =
                [=](Context& context, std::span<const Var> in) {
                    const NeuronTraces traces = run(context, in, kind);
                    return std::vector<Var>{traces.voltage, traces.spikes, traces.distance};
                },
            .reference =
                [=](const Arrays& in) {
                    const auto out = naive(in, {}, n, kind);
                    return Arrays{values_of_dual(out.voltage), values_of_dual(out.spikes),
                                  values_of_dual(out.distance)};
                },
            .longest_sum = n.batch * n.time + 1};
}

inline Kind smooth(SurrogateKind kind, bool to_value, bool adapts) {
    return {to_value, adapts, {.surrogate = {kind, 0.8, 0.5}, .smooth = true}};
}
inline Kind spiking(bool to_value, bool adapts, std::int32_t refractory_steps) {
    return {to_value, adapts, {.refractory_steps = refractory_steps}, false};
}

/// Kinds whose gradient is no derivative of what they compute: spikes are steps.
inline std::vector<Kind> spiking_kinds() {
    std::vector<Kind> kinds;
    for (const bool to_value : {false, true}) {
        for (const bool adapts : {false, true}) {
            for (const std::int32_t refractory : {0, 2}) {
                for (const bool detach : {false, true}) {
                    const SpikeRule rule{.surrogate = {SurrogateKind::fast_sigmoid, 0.5, 0.7},
                                         .refractory_steps = refractory,
                                         .detach_reset = detach};
                    kinds.push_back({to_value, adapts, rule});
                }
            }
        }
    }
    return kinds;
}

inline constexpr Size small{2, 19, 3};

}  // namespace elm::test::neuron_scan_case
