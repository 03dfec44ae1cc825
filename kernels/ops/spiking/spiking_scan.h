#pragma once

#include <vector>

#include "kernels/autograd/variable.h"
#include "kernels/core/device_limits.h"
#include "kernels/core/kernel.h"
#include "kernels/core/view.h"
#include "kernels/ops/spiking/spiking_unit.h"

namespace elm {

struct Context;

/// Samples that one block of threads takes on CUDA, and the shared memory that it needs, backward:
/// four gradients and the sums of coefficients for each unit of each of them.
inline constexpr std::int64_t spiking_block_samples = 4;
constexpr std::size_t spiking_scan_shared_bytes(std::int64_t units, std::size_t element_bytes) {
    return element_bytes *
           static_cast<std::size_t>(spiking_block_samples * (4 + spiking_coefficients) * units);
}

/// Throws Error{unsupported} for more units than a device has room for.
void require_spiking_scan_fits(const DeviceLimits& device, std::int64_t units, DType dtype);

/// Layer of spiking units that hear each other, over time: equations in spiking_unit.h.
/// Shapes: projected x, spikes z (batch, time, units); weight W (units, units), of the row's unit
/// from the column's; each coefficient (units), without data where units have none; start, end
/// (batch, 2 or 3, units): spike, membrane after the reset, adaptation. saved_potential and
/// saved_adaptation (batch, time, units): u and w, without data where nobody wants them.
template <class Real>
struct SpikingScanArgs {
    SpikingRuleOf<Real> rule;
    View<const Real, 3> projected;
    View<const Real, 2> weight;
    View<const Real, 1> coefficients[spiking_coefficients];
    View<const Real, 3> start;
    View<Real, 3> spikes, end;
    View<Real, 3> saved_potential, saved_adaptation;
};

/// Backwards in time, with the surrogate for the derivative of z. Shapes as above;
/// projected_gradient is that of x; previous_spikes (batch, time, units) gets z[t-1], so that the
/// gradient of W is one product over all steps; coefficient_gradients (coefficients, batch, units),
/// whose sums over the batch are those of the coefficients that units have.
template <class Real>
struct SpikingScanBackwardArgs {
    SpikingRuleOf<Real> rule;
    View<const Real, 2> weight;
    View<const Real, 1> coefficients[spiking_coefficients];
    View<const Real, 3> start, spikes, saved_potential, saved_adaptation;
    View<const Real, 3> spikes_gradient, end_gradient;
    View<Real, 3> projected_gradient, previous_spikes, start_gradient;
    View<Real, 3> coefficient_gradients;
};

template <class Backend, class Real>
void run_spiking_scan(Stream& stream, const SpikingScanArgs<Real>& args);
template <class Backend, class Real>
void run_spiking_scan_backward(Stream& stream, const SpikingScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SpikingScanArgs<Real>> spiking_scan_kernel{
    "spiking_scan", &run_spiking_scan<Cpu, Real>, ELM_IF_CUDA((&run_spiking_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SpikingScanBackwardArgs<Real>> spiking_scan_backward_kernel{
    "spiking_scan_backward", &run_spiking_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_spiking_scan_backward<Cuda, Real>))};

/// Each (units); those that the units do not have are left undefined.
struct SpikingCoefficients {
    Var decay, threshold, adaptation_decay, jump, coupling;
};

struct SpikingTraces {
    Var spikes;  // (batch, time, units)
    Var state;   // after the last step (batch, 2 or 3, units)
};

/// Differentiable form, one node of the tape. Shapes: projected (batch, time, units); weight
/// (units, units); state (batch, 2 or 3, units), from which the scan starts: spike, membrane after
/// the reset and, where units adapt, adaptation, all 0 at rest. The state that it leaves goes on in
/// the next chunk of time with the same bits, and gradients flow through both. Keeps potentials,
/// spikes and adaptation. Throws Error{invalid} naming the argument that does not fit, and for a
/// surrogate without width; and what require_spiking_scan_fits() throws.
SpikingTraces spiking_scan(Context& context, const Var& projected, const Var& weight,
                           const SpikingCoefficients& coefficients, const SpikingRule& rule,
                           const Var& state);

}  // namespace elm
