#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

/// The weighted mean over time of RWKV: for each unit, with w < 0 and u of the unit,
///
///              sum over i < t of e^((t-1-i) w + k[i]) v[i]  +  e^(u + k[t]) v[t]
///   y[t]   =   -----------------------------------------------------------------
///              sum over i < t of e^((t-1-i) w + k[i])       +  e^(u + k[t])
///
/// The sums are kept as p e^o and q e^o with o the largest exponent so far, so that no key is too
/// large; backward their gradients are kept in the same way. Source: Peng et al. 2023, arXiv
/// 2305.13048, section 4 and appendix D (time-mixing block of RWKV-4).
namespace elm {

struct Context;
struct Var;

/// Shapes: decay, w, and bonus, u (units); key, value, output (batch, time, units); initial, final,
/// p, q and o (batch, 3, units); states, those before each step (batch, time, 3, units), or no
/// data: not wanted.
template <class Real>
struct WkvScanArgs {
    View<const Real, 1> decay, bonus;
    View<const Real, 3> key, value;
    View<const Real, 3> initial;
    View<Real, 3> output;
    View<Real, 4> states;
    View<Real, 3> final;
};

/// Shapes as above; decay_gradient, bonus_gradient (batch, units), for each sample.
template <class Real>
struct WkvScanBackwardArgs {
    View<const Real, 1> decay, bonus;
    View<const Real, 3> key, value, output;
    View<const Real, 4> states;
    View<const Real, 3> output_gradient;
    View<Real, 3> key_gradient, value_gradient;
    View<Real, 2> decay_gradient, bonus_gradient;
};

template <class Backend, class Real>
void run_wkv_scan(Stream& stream, const WkvScanArgs<Real>& args);
template <class Backend, class Real>
void run_wkv_scan_backward(Stream& stream, const WkvScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<WkvScanArgs<Real>> wkv_scan_kernel{
    "wkv_scan", &run_wkv_scan<Cpu, Real>, ELM_IF_CUDA((&run_wkv_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<WkvScanBackwardArgs<Real>> wkv_scan_backward_kernel{
    "wkv_scan_backward", &run_wkv_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_wkv_scan_backward<Cuda, Real>))};

/// p, q and o of no step, (batch, 3, units).
Tensor empty_wkv_state(Stream& stream, std::int64_t batch, std::int64_t units, DType dtype);

/// Differentiable in all but the state, which goes on from one chunk of time to the next: `initial`
/// as above, and where to leave the last one, or null: nowhere. Result (batch, time, units). Throws
/// Error{invalid} naming the argument whose shape does not fit.
Var wkv_scan(Context& context, const Var& decay, const Var& bonus, const Var& key, const Var& value,
             const Tensor& initial, Tensor* final);

}  // namespace elm
