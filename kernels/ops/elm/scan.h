#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/elm/parameters.h"
#include "kernels/ops/elm/structure.h"

/// The recurrence of the Expressive Leaky Memory neuron, forward.
///
///     b_t  = kappa_b b_{t-1} + sum over branch (w_s x_t)          traces per branch, or
///     s_t  = kappa_s s_{t-1} + w_s x_t,  b_t = sum over branch s_t    per synapse
///     d_t  = kappa_m m_{t-1}
///     m_t  = d_t + gamma phi( MLP [b_t, d_t] ),   phi(x) = 1.7159 tanh(2 x / 3)
///     y_t  = W_y m_t + c_y
///
/// Source: Spieler, Rahaman, Martius, Schoelkopf, Levina 2024, arXiv 2306.16922.
///
/// Work that does not depend on the recurrence is done ahead of it, chunk by chunk of time. Input
/// is a list of events (input, value) per step; a dense input gives the events of its non-zero
/// entries. Where traces decay alike, the first layer's share W1b b_t obeys the same filter as b_t,
/// and one row of h numbers per input channel (a spike table) takes the place of routing, filter
/// and product: chosen by the sizes of the model alone, so that results do not depend on the batch.
namespace elm {

/// Recurrence as a description, before it is packed for a device.
struct ElmScanModel {
    ElmStructure structure;
    ElmParameters<std::vector<double>> parameters;

    using Layer = ElmParameters<std::vector<double>>::Layer;
    static std::int64_t n_out(const Layer& layer) noexcept { return std::ssize(layer.bias); }
    static std::int64_t n_in(const Layer& layer) noexcept {
        return std::ssize(layer.weight) / n_out(layer);
    }
    std::int64_t n_memory() const noexcept { return std::ssize(parameters.memory_decay); }
    std::int64_t n_output() const noexcept { return n_out(parameters.readout); }
    std::int64_t n_first() const noexcept { return n_out(parameters.layers.front()); }
};

/// The model packed for the CPU; for CUDA the same in device memory.
template <class Real>
struct ElmScanWeights;

/// Whether rows of a table may take the place of traces.
enum class SpikeTable { where_it_pays, never };

template <class Real>
std::shared_ptr<const ElmScanWeights<Real>> pack_elm_scan(
    Stream& stream, const ElmScanModel& model, SpikeTable table = SpikeTable::where_it_pays);

/// Widths of the state arrays that a packed model carries from chunk to chunk; 0 where it has none.
struct ElmStateShape {
    std::int64_t memory = 0;  // d_m
    std::int64_t trace = 0;   // d_b or d_s; with a spike table only while branches are recorded
    std::int64_t drive = 0;   // first layer's units, where a spike table is used
};
template <class Real>
ElmStateShape state_shape(const ElmScanWeights<Real>& weights, bool record_branches);

/// The memory of runs on the CPU, for who runs again. Any thread may use it.
template <class Real>
struct ElmScanWorkspace;
template <class Real>
std::shared_ptr<ElmScanWorkspace<Real>> make_elm_scan_workspace();

/// One run over `steps` steps of a batch. Exactly one of `spikes` and `input` is given.
template <class Real>
struct ElmScanArgs {
    const ElmScanWeights<Real>* weights = nullptr;
    const SpikeTrain* spikes = nullptr;           // on the host
    View<const Real, 3> input{};                  // (batch, time, n_input) or null data
    View<Real, 2> memory_state{};                 // (batch, d_m): m, read and written
    View<Real, 2> trace_state{};                  // (batch, trace width) or null data
    View<Real, 2> drive_state{};                  // (batch, drive width) or null data
    View<Real, 3> output{};                       // (batch, time, d_out)
    View<Real, 3> memory{};                       // (batch, time, d_m) or null data
    View<Real, 3> branches{};                     // (batch, time, d_b) or null data
    ElmScanWorkspace<Real>* workspace = nullptr;  // null: memory of its own
};

template <class Backend, class Real>
void run_elm_scan(Stream&, const ElmScanArgs<Real>&);

template <class Real>
inline constexpr Kernel<ElmScanArgs<Real>> elm_scan_kernel{
    "elm_scan", &run_elm_scan<Cpu, Real>, ELM_IF_CUDA((&run_elm_scan<Cuda, Real>))};

/// Several models on the CPU at once: all (model, tile of samples) pairs share the threads.
template <class Real>
void run_elm_scans(const std::vector<ElmScanArgs<Real>>& runs);

}  // namespace elm
