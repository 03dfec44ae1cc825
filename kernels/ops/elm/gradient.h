#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/ops/elm/scan.h"

/// Exact backpropagation through time for the ELM recurrence of elm_scan.h, on the CPU.
///
/// With g_t = dL/dm_t (readout and what comes from t + 1), z the arguments of the units and a their
/// values:
///     dz_t     = g_t gamma phi'(z_t)                       last layer
///     dz1_t    = (W2^T dz_t) act'(z1_t)                    hidden layers
///     g_{t-1} += kappa_m (g_t + W1m^T dz1_t)
///     p_t      = W1b^T dz1_t + kappa_b p_{t+1}             adjoint of the traces
///     dW1 = sum dz1 [b, d]^T,  dW2 = sum dz a^T,  dw_s = sum of p_t over the synapse's events
///     dkappa_i = sum m_{t-1} (g_t + W1m^T dz1_t),  dgamma_i = sum g_t phi(z_t)
/// Source of the model: Spieler et al. 2024, arXiv 2306.16922.
///
/// A tile of samples goes forward, through the loss and backward before the next one starts, so
/// what a step leaves behind stays in cache. Weight gradients are one product over many rows, not
/// sums inside the recurrence. Long runs are cut into segments: the forward pass keeps the state at
/// each segment's start and the backward pass repeats a segment before it walks back through it:
/// all of it, or where phi(z) of all steps is kept, its hidden units alone.
namespace elm {

/// A model packed for forward and backward passes on the CPU. Rows of a spike table may take the
/// place of its traces; a run from or to a state of traces needs a model without.
template <class Real>
struct ElmGradientWeights;
template <class Real>
std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient(
    const ElmScanModel& model, SpikeTable rows = SpikeTable::where_it_pays);

/// Gives a packed model other parameters. No memory is taken.
template <class Real>
void repack_elm_gradient(ElmGradientWeights<Real>& weights,
                         const ElmParameters<const Real*>& parameters);

/// The memory of passes, kept by the caller so that the next one finds it. One pass at a time.
template <class Real>
struct ElmGradientWorkspace;
template <class Real>
std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace();

template <class Real>
struct ElmGradientArgs {
    const ElmGradientWeights<Real>* weights = nullptr;
    const SpikeTrain* spikes = nullptr;     // exactly one of spikes and input
    View<const Real, 3> input{};            // (batch, time, n_input)
    View<Real, 2> memory_state{};           // (batch, d_m), read and written; null data: from zero
    View<Real, 2> trace_state{};            // (batch, d_b or d_s), likewise
    View<Real, 3> output{};                 // (batch, time, d_out), written
    View<const Real, 3> output_gradient{};  // (batch, time, d_out), read after `loss`
    View<Real, 3> input_gradient{};         // (batch, time, n_input), written; null: not wanted
    /// Called when the outputs of samples [first, first + count) are there, before their gradient
    /// is read, from several threads at once for different samples. Empty: it is there already.
    std::function<void(std::int64_t first, std::int64_t count)> loss;
    /// Called before each tile's segment, from several threads; may throw, which ends the pass:
    /// nothing has been added to the gradients then. Empty: nobody asks.
    std::function<void()> poll;
    std::int64_t segment_steps = 0;  // 0: keep the whole run
    /// Where segments are repeated: phi(z) of the last layer is kept of all steps, by which a
    /// segment knows its memory and repeats neither the last layer nor its activation. Not with a
    /// stored pass that keeps no steps.
    bool keep_updates = false;
};

/// Steps of a segment for runs that repeat their steps: with about so many a sample takes the least
/// memory, for a state at each segment's start and what the steps of one leave, and a tile's
/// segment stays in the second-level cache.
template <class Real>
std::int64_t elm_segment_steps(const ElmGradientWeights<Real>& weights, std::int64_t n_steps);

/// Bytes that such a pass takes in its workspace, on as many threads as there are now.
template <class Real>
std::int64_t elm_gradient_bytes(const ElmGradientWeights<Real>& weights, std::int64_t n_samples,
                                std::int64_t n_steps, std::int64_t segment_steps, bool keep_updates,
                                bool time_constants);

/// Adds the gradients, summed over batch and time, to `gradients`, of which memory_decay and
/// memory_gain are null where they are not wanted: the same bits for any number of
/// threads and any segment length.
template <class Real>
void run_elm_gradient(const ElmGradientArgs<Real>& args, ElmGradientWorkspace<Real>& workspace,
                      const ElmParameters<Real*>& gradients);

/// The same in two halves, for a loss that is computed elsewhere: all tiles go forward before the
/// first one goes back.
template <class Real>
struct ElmStoredPass;

struct ElmForwardOptions {
    bool time_constants = true;  // gradients of memory_decay and memory_gain follow
    /// Memory for the steps of the batch, or of the last segment of each sample, is lent by the
    /// workspace until the backward pass. Else a tile repeats its steps there.
    bool keep_steps = true;
};

/// Writes outputs and states.
template <class Real>
std::shared_ptr<ElmStoredPass<Real>> run_elm_forward(const ElmGradientArgs<Real>& args,
                                                     ElmGradientWorkspace<Real>& workspace,
                                                     const ElmForwardOptions& options);

/// Adds the gradients, as run_elm_gradient does and with the same bits. `args` as on the way
/// forward, and with them the gradients of output and input. Uses up `pass`.
template <class Real>
void run_elm_backward(const ElmGradientArgs<Real>& args, ElmStoredPass<Real>& pass,
                      ElmGradientWorkspace<Real>& workspace, const ElmParameters<Real*>& gradients);

}  // namespace elm
