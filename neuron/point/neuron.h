#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>

#include "kernels/core/host_device.h"
#include "kernels/core/simd/one_lane.h"

/// The contract of point neurons: what a neuron says of itself, and what engines and the trainable
/// scan ask of it. A neuron is a struct of static members in a header of its own (lif.h is the
/// example to copy) and a line in neurons.def; README.md of neuron/ says how to add one.
///
/// Parameters (what a user sets, in ms, mV, nA, MOhm) are turned once for a time step into
/// Coefficients, with which a step moves the State. One step of all neurons, in this order:
///
///     integrate     state, spike of the step before, input -> state; a pending reset acts here
///     hold          what refractory neurons have in place of that
///     distance      x = potential above the threshold; spike z = 1 if x >= 0 and not refractory
///     after_spike   state, z -> state
///
/// Structs are templates over the value V: a double, a vector of neighbouring neurons, a Var.
/// Functions are templates over Lanes, which has the types Real and Value and the functions
/// select(condition, yes, no) and, for neurons without gradient, exp(x) and any(condition); they
/// are compiled for the host and for CUDA.
namespace elm {

/// A parameter, input channel or state variable by name.
struct NeuronQuantity {
    const char* name;
    const char* unit;  // "ms"; empty for a pure number
    double value;      // parameter: default; input: one that does not make a resting neuron spike;
                       // state: a displacement that does not
    const char* help;
    double lowest = -std::numeric_limits<double>::infinity();  // inclusive
    double highest = std::numeric_limits<double>::infinity();
};

/// Effect of a spike on the potential. A reset to a value holds it there in refractory steps.
enum class ResetKind : std::uint8_t { by_subtraction, to_value };

/// One of a neuron's Coefficients.
struct NeuronCoefficient {
    const char* name;
    bool only_to_value = false;  // has no meaning with reset by subtraction
};

template <class Neuron>
inline constexpr std::int64_t state_count = std::ssize(Neuron::states);
template <class Neuron>
inline constexpr std::int64_t coefficient_count = std::ssize(Neuron::coefficients);

/// Number of members that each() of a struct visits.
template <class Members>
ELM_HD constexpr std::int64_t member_count() {
    std::int64_t count = 0;
    Members members{};
    Members::each(members, [&](auto&) { ++count; });
    return count;
}

/// Whether a neuron describes as many members as its structs have.
template <class N>
inline constexpr bool describes_its_members =
    member_count<typename N::template Parameters<double>>() == std::ssize(N::parameters) &&
    member_count<typename N::template Input<double>>() == std::ssize(N::inputs) &&
    member_count<typename N::template State<double>>() == std::ssize(N::states) &&
    member_count<typename N::template Coefficients<double>>() == std::ssize(N::coefficients);

/// Members of every neuron. Lists stand in the order in which each() visits the members.
template <class N>
concept PointNeuron = describes_its_members<N> &&
    requires(const typename N::template Parameters<double>& parameters,
             const typename N::template Coefficients<double>& c,
             typename N::template State<double>& state, double spike,
             const typename N::template Input<double>& input, ResetKind reset) {
    { N::name } -> std::convertible_to<const char*>;
    { N::summary } -> std::convertible_to<const char*>;
    { N::source } -> std::convertible_to<const char*>;  // authors, year, DOI or arXiv id
    { N::exact } -> std::convertible_to<bool>;  // n steps without spikes are one of n times h
    { *std::begin(N::parameters) } -> std::same_as<const NeuronQuantity&>;
    { *std::begin(N::inputs) } -> std::same_as<const NeuronQuantity&>;
    { *std::begin(N::states) } -> std::same_as<const NeuronQuantity&>;  // potential first
    { *std::begin(N::coefficients) } -> std::same_as<const NeuronCoefficient&>;
    { *std::begin(N::resets) } -> std::same_as<const ResetKind&>;     // default first
    { parameters.refractory_period } -> std::convertible_to<double>;  // ms
    /// Null, or which parameters do not go together.
    { N::conflict(parameters, reset) } -> std::same_as<const char*>;
    {
        N::coefficients_of(parameters, double{})  // time step in ms
        } -> std::same_as<typename N::template Coefficients<double>>;
    { N::template initial<OneLane<double>>(c) } -> std::same_as<typename N::template State<double>>;
    N::template integrate<OneLane<double>>(c, reset, state, spike, input);
    N::template hold<OneLane<double>>(c, reset, bool{}, state);
    { N::template distance<OneLane<double>>(c, state) } -> std::same_as<double>;
    N::template after_spike<OneLane<double>>(c, reset, state, spike);
};

/// What an input channel does in integrate(): at its end, input times a coefficient is added to one
/// state variable. An engine may then add synaptic events to that variable itself, after the step.
struct InputDeposit {
    int state = -1;        // which; -1: the channel does something else
    int coefficient = -1;  // -1: the factor is 1
};

/// A neuron some of whose channels are sums in a state variable, as synaptic currents are.
template <class N>
concept DepositNeuron = PointNeuron<N> && requires {
    { *std::begin(N::deposits) } -> std::same_as<const InputDeposit&>;
} && std::size(N::deposits)
== std::size(N::inputs);

/// False for a neuron that says so: its integrate() does not look at the spike of the step before.
template <class N>
inline constexpr bool uses_last_spike = [] {
    if constexpr (requires { N::uses_last_spike; }) return N::uses_last_spike;
    return true;
}();

/// A neuron whose state between synaptic events has a closed form. Times are in ms; `c` does not
/// depend on a time step. Its potential is reset to a value.
template <class N>
concept EventNeuron = PointNeuron<N> &&
    requires(const typename N::template Parameters<double>& parameters,
             const typename N::template EventCoefficients<double>& c,
             typename N::template State<double>& state,
             const typename N::template Input<double>& input, double gap_ms) {
    {
        N::event_coefficients_of(parameters)
        } -> std::same_as<typename N::template EventCoefficients<double>>;
    /// State after a gap of any length without events and spikes.
    N::advance(c, state, gap_ms);
    /// Time to the next spike if no event comes: 0 at or above threshold, else infinity if
    /// there is none.
    { N::next_spike_ms(c, state) } -> std::same_as<double>;
    /// Effect of a synaptic event.
    N::deposit(c, state, input);
    /// Effect of a spike.
    N::reset(c, state);
};

/// Derivatives of a loss with respect to what integrate() depends on beside state and coefficients.
template <class V>
struct IntegrateGradient {
    V spike, input;
};

/// A neuron of one input channel with the derivatives of its four functions. `gradient` is that of
/// the state after the function, and of the state before it when it returns; gradients of
/// coefficients add to what `sums` has. State arguments are those before the function.
template <class N>
concept TrainableNeuron = PointNeuron<N> && std::size(N::inputs)
== 1 && requires(const typename N::template Coefficients<double>& c,
                 const typename N::template State<double>& state, double value, ResetKind reset,
                 const typename N::template Input<double>& input,
                 typename N::template State<double>& gradient,
                 typename N::template Coefficients<double>& sums) {
    { N::gradient_needs_input } -> std::convertible_to<bool>;  // else `input` is 0
    /// Returns the gradient of the spike.
    {
        N::template after_spike_gradient<OneLane<double>>(c, reset, state, value, gradient, sums)
        } -> std::same_as<double>;
    /// `value` is the gradient of x.
    N::template distance_gradient<OneLane<double>>(c, state, value, gradient, sums);
    N::template hold_gradient<OneLane<double>>(c, reset, bool{}, gradient, sums);
    {
        N::template integrate_gradient<OneLane<double>>(c, reset, state, value, input, gradient,
                                                        sums)
        } -> std::same_as<IntegrateGradient<double>>;
    N::template initial_gradient<OneLane<double>>(gradient, sums);
};

/// State of neurons between two steps of a grid.
template <class Neuron, class V>
struct GridState {
    typename Neuron::template State<V> own;
    V spike{};            // of the last step
    V refractory_left{};  // whole steps
};

/// First half of a step: integrate and hold. Returns x, the distance from the threshold.
template <class Neuron, class Lanes>
ELM_HD inline typename Lanes::Value approach_threshold(
    const typename Neuron::template Coefficients<typename Lanes::Value>& c, ResetKind reset,
    GridState<Neuron, typename Lanes::Value>& state,
    const typename Neuron::template Input<typename Lanes::Value>& input) {
    const auto one = typename Lanes::Value{} + 1;
    Neuron::template integrate<Lanes>(c, reset, state.own, state.spike, input);
    Neuron::template hold<Lanes>(c, reset, state.refractory_left >= one, state.own);
    return Neuron::template distance<Lanes>(c, state.own);
}

/// Spike of x and the refractory steps that it leaves; after_spike() has still to follow.
template <class Neuron, class Lanes>
ELM_HD inline void spike_at(const typename Lanes::Value& distance,
                            const typename Lanes::Value& refractory_steps,
                            GridState<Neuron, typename Lanes::Value>& state) {
    using V = typename Lanes::Value;
    const V zero{}, one = V{} + 1;
    state.spike = Lanes::select(distance >= zero, one, zero);
    state.spike = Lanes::select(state.refractory_left >= one, zero, state.spike);
    state.refractory_left =
        Lanes::select(state.refractory_left >= one, V(state.refractory_left - one),
                      V(state.spike * refractory_steps));
}

/// One step of the grid: state, input -> state, spike (1 or 0).
template <PointNeuron Neuron, class Lanes>
ELM_HD inline typename Lanes::Value grid_step(
    const typename Neuron::template Coefficients<typename Lanes::Value>& c, ResetKind reset,
    const typename Lanes::Value& refractory_steps, GridState<Neuron, typename Lanes::Value>& state,
    const typename Neuron::template Input<typename Lanes::Value>& input) {
    const auto distance = approach_threshold<Neuron, Lanes>(c, reset, state, input);
    spike_at<Neuron, Lanes>(distance, refractory_steps, state);
    Neuron::template after_spike<Lanes>(c, reset, state.own, state.spike);
    return state.spike;
}

}  // namespace elm
