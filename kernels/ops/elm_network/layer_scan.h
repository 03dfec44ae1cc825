#pragma once

#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"
#include "kernels/ops/elm_network/layer_shape.h"
#include "kernels/ops/elm_network/synapses.h"

/// A layer of ELM neurons that hear each other, over time. For each neuron and each step:
///
///     b  = kb b[t-1] + x[t] + sum over the synapses of each branch of w y_source[t-1]
///     m^ = km m[t-1]
///     u  = max(W1 [b, m^] + c1, 0)
///     z  = W2 u^2 + c2                        without hidden units: W2 [b, m^] + c2
///     dm = phi(z)
///     m  = m^ + gamma dm
///     r  = w_y m
///     e  = kr e[t-1] + (1 - kr) r
///     y  = act(r - e + c)
///
/// with phi(z) = 1.7159 tanh(2 z / 3), x what comes from outside, summed over each branch, km =
/// exp(-1 / tau_m) and gamma = 1 - exp(-lambda / tau_m), kr that of the high pass; act(v) is v,
/// max(v, 0) or [v > 0], whose gradient is taken for 1 / (100 |v| + 1)^2. Where it is asked for,
/// the layer also tells
///
///     a  = sum over the steps and the memory units of |z|
///
/// Source: Spieler, Martius & Levina 2026, arXiv 2605.12049; without the network:
/// Spieler et al. 2024, arXiv 2306.16922.
namespace elm {

struct Context;
struct Var;

/// Shapes, with N neurons and rows as ElmLayerShape lists them: branch_input (batch, time,
/// branches N), a branch of all neurons after the other; parameters (parameter rows, N);
/// synapse_weight (synapses); activity_gain (batch, N), by which recurrent synapses see an activity
/// multiplied; initial, final_state (batch, state rows N); activity (batch, time, N);
/// update_magnitude (batch, N), a of above, or nothing where it is not asked for; saved as
/// elm_layer_saved() says.
template <class Real>
struct ElmLayerScanArgs {
    ElmLayer layer;
    View<const Real, 3> branch_input;
    View<const Real, 2> parameters;
    SynapsesView synapses;
    View<const Real, 1> synapse_weight;
    View<const Real, 2> activity_gain;
    View<const Real, 2> initial;
    View<Real, 3> activity;
    View<Real, 2> final_state;
    View<Real, 2> update_magnitude;
    View<Real, 3> saved;
    bool saves_every_step = false;
};

/// What a scan leaves for its backward pass: on CUDA the values of every step, (batch, time,
/// columns). On the CPU (tiles of samples, points, columns): the values of every step, or the state
/// at the start of each segment.
struct ElmLayerSaved {
    Shape shape;
    bool every_step = true;
};
/// Where none follows, the shape is what the forward pass itself needs.
ElmLayerSaved elm_layer_saved(Device device, const ElmLayer& layer, const Shape& branch_input,
                              DType dtype, bool backward_follows);

/// A tile has at most so many samples, and rows room for whole vectors of at most so many lanes.
inline constexpr std::int64_t elm_layer_tile_samples = 4, elm_layer_most_lanes = 16;
/// Samples of a tile where a backward pass follows: not of the number of threads, for sums over
/// samples must not be.
std::int64_t elm_layer_tile(std::int64_t samples);
/// Steps of a segment: few enough that what they leave stays in cache.
inline constexpr std::int64_t elm_layer_segment_steps = 8;

/// Shapes as above. Sums over samples run in an order that follows from the shapes alone.
template <class Real>
struct ElmLayerScanBackwardArgs {
    ElmLayer layer;
    View<const Real, 3> branch_input;
    View<const Real, 2> parameters;
    SynapsesView synapses;
    View<const Real, 1> synapse_weight;
    View<const Real, 2> activity_gain;
    View<const Real, 2> initial;
    View<const Real, 3> activity;
    View<const Real, 3> saved;
    bool every_step_is_saved = false;
    View<const Real, 3> activity_gradient;
    View<const Real, 2> final_state_gradient;
    View<const Real, 2> update_magnitude_gradient;
    View<Real, 3> branch_input_gradient;
    View<Real, 2> parameter_gradient;
    View<Real, 1> synapse_weight_gradient;
    View<Real, 2> initial_gradient;
};

template <class Backend, class Real>
void run_elm_layer_scan(Stream& stream, const ElmLayerScanArgs<Real>& args);
template <class Backend, class Real>
void run_elm_layer_scan_backward(Stream& stream, const ElmLayerScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ElmLayerScanArgs<Real>> elm_layer_scan_kernel{
    "elm_layer_scan", &run_elm_layer_scan<Cpu, Real>,
    ELM_IF_CUDA((&run_elm_layer_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ElmLayerScanBackwardArgs<Real>> elm_layer_scan_backward_kernel{
    "elm_layer_scan_backward", &run_elm_layer_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_elm_layer_scan_backward<Cuda, Real>))};

/// The layer over time as one node of the tape: activity (batch, time, N), the state after the last
/// step (batch, state rows N), from which the next chunk of time goes on with the same bits, and
/// where the layer measures its updates their magnitude a (batch, N).
/// `synapses` have N sources and branches N rows; activity_gain, not differentiable, may be
/// undefined for 1 everywhere. Throws Error{invalid} naming the argument that does not fit.
std::vector<Var> elm_layer_scan(Context& context, const ElmLayer& layer, const Synapses& synapses,
                                const Var& branch_input, const Var& parameters,
                                const Var& synapse_weight, const Var& state,
                                const Tensor& activity_gain = {});

}  // namespace elm
