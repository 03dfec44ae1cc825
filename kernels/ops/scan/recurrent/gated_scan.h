#pragma once

#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Gated recurrences over time, with the gates, their order and the biases of PyTorch:
///
///   LSTM, Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with the forget gate of
///   Gers et al. 2000, doi:10.1162/089976600300015015. All a are projected + W h[t-1] + b.
///     i = sigmoid(a_i)  f = sigmoid(a_f)  g = tanh(a_g)  o = sigmoid(a_o)
///     c[t] = f c[t-1] + i g               h[t] = o tanh(c[t])
///
///   GRU, Cho et al. 2014, arXiv 1406.1078; the reset gate acts on the recurrent product and its
///   bias, as in torch.nn.GRU, not on h[t-1] as in the paper.
///     r = sigmoid(a_r)  z = sigmoid(a_z)  q = W_n h[t-1] + b_n  n = tanh(projected_n + r q)
///     h[t] = (1 - z) n + z h[t-1]
namespace elm {

struct Context;
struct Var;

enum class GatedCell : std::uint8_t { lstm, gru };

/// Pre-activations of one unit: i, f, g, o or r, z, n.
ELM_HD constexpr std::int64_t gate_count(GatedCell cell) { return cell == GatedCell::lstm ? 4 : 3; }

/// Shapes, with G gates: projected (batch, time, G units), the input's part of the
/// pre-activations; weight (G units, units); bias (G units); initial, final (batch, units);
/// hidden (batch, time, units); saved_gates (batch, time, 4 units): i, f, g, o or r, z, q, n;
/// saved_cell (batch, time, units). A GRU has no cell: those views are empty.
template <class Real>
struct GatedScanArgs {
    GatedCell kind;
    View<const Real, 3> projected;
    View<const Real, 2> weight;
    View<const Real, 1> bias;
    View<const Real, 2> initial_hidden, initial_cell;
    View<Real, 3> hidden;
    View<Real, 2> final_hidden, final_cell;
    View<Real, 3> saved_gates, saved_cell;
};

/// Backwards in time. Shapes as above. projected_gradient is that of the pre-activations;
/// recurrent_gradient that of W h[t-1] + b, which in an LSTM is the same memory; previous_hidden
/// (batch, time, units) gets h[t-1], so that the gradient of W is one product over all steps.
template <class Real>
struct GatedScanBackwardArgs {
    GatedCell kind;
    View<const Real, 2> weight;
    View<const Real, 2> initial_hidden, initial_cell;
    View<const Real, 3> hidden, saved_gates, saved_cell;
    View<const Real, 3> hidden_gradient;
    View<const Real, 2> final_hidden_gradient, final_cell_gradient;
    View<Real, 3> projected_gradient, recurrent_gradient, previous_hidden;
    View<Real, 2> initial_hidden_gradient, initial_cell_gradient;
};

template <class Backend, class Real>
void run_gated_scan(Stream& stream, const GatedScanArgs<Real>& args);
template <class Backend, class Real>
void run_gated_scan_backward(Stream& stream, const GatedScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<GatedScanArgs<Real>> gated_scan_kernel{
    "gated_scan", &run_gated_scan<Cpu, Real>, ELM_IF_CUDA((&run_gated_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<GatedScanBackwardArgs<Real>> gated_scan_backward_kernel{
    "gated_scan_backward", &run_gated_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_gated_scan_backward<Cuda, Real>))};

/// LSTM over time as one node of the tape: hidden states (batch, time, units), and the hidden state
/// and the cell after the last step (batch, units), from which the next chunk of time goes on with
/// the same bits. Shapes: projected (batch, time, 4 units), which is W_ih x + b_ih; weight W_hh
/// (4 units, units); bias b_hh (4 units); hidden, cell (batch, units). Keeps gates, cells and
/// hidden states. Throws Error{invalid} naming the argument that does not fit.
std::vector<Var> lstm_scan(Context& context, const Var& projected, const Var& weight,
                           const Var& bias, const Var& hidden, const Var& cell);

/// The same for a GRU, which has no cell: projected (batch, time, 3 units); weight (3 units,
/// units); bias (3 units).
std::vector<Var> gru_scan(Context& context, const Var& projected, const Var& weight,
                          const Var& bias, const Var& hidden);

}  // namespace elm
