#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

/// A causal convolution along time of each feature with a filter as long as the sequence, by fast
/// Fourier transforms:
///
///   y[t] = sum over s <= t of filter[s] u[t-s]
///
/// The product of two real polynomials of less than M coefficients is found modulo X^M - i, which
/// for real coefficients is the same as modulo X^2M + 1: a complex transform of M points, twisted
/// by powers of e^(i pi / 2M), in place of a real one of 2M with zeros (the right-angle convolution
/// of Crandall & Fagin 1994, doi:10.1090/S0025-5718-1994-1185244-1). Real parts of its result are
/// y[0..M-1]. Backward is made of the same convolution: of the reversed gradient.
namespace elm {

struct Context;
struct Var;

/// Shapes: input, output (batch, time, features); filter (length, features).
template <class Real>
struct LongConvolutionArgs {
    View<const Real, 3> input;
    View<const Real, 2> filter;
    View<Real, 3> output;
};

/// Shapes as above; filter_gradient has no data where nobody wants it.
template <class Real>
struct LongConvolutionBackwardArgs {
    View<const Real, 3> input;
    View<const Real, 2> filter;
    View<const Real, 3> output_gradient;
    View<Real, 3> input_gradient;
    View<Real, 2> filter_gradient;
};

template <class Backend, class Real>
void run_long_convolution(Stream& stream, const LongConvolutionArgs<Real>& args);
template <class Backend, class Real>
void run_long_convolution_backward(Stream& stream, const LongConvolutionBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<LongConvolutionArgs<Real>> long_convolution_kernel{
    "long_convolution", &run_long_convolution<Cpu, Real>,
    ELM_IF_CUDA((&run_long_convolution<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<LongConvolutionBackwardArgs<Real>> long_convolution_backward_kernel{
    "long_convolution_backward", &run_long_convolution_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_long_convolution_backward<Cuda, Real>))};

/// Differentiable form. Shapes: input, result (batch, time, features); filter (length, features),
/// of which steps beyond the sequence do not count. Throws Error{invalid} naming the argument whose
/// shape does not fit.
Var long_convolution(Context& context, const Var& input, const Var& filter);

/// Multiplications and additions of one feature in one more sample of so many steps: a transform
/// and its inverse of n points, 5 n log2(n) each, their product, and twists before and behind. The
/// transform of the filter, once for all samples, is not in it.
double long_convolution_flops(std::int64_t steps);

}  // namespace elm
