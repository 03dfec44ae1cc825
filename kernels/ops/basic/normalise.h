#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// output[k] = gain[k] (input[k] - mean) inverse_deviation + bias[k], for each row, where
/// inverse_deviation = 1 / sqrt(mean of (input - mean)^2 + epsilon); mean is 0 if not `centred`.
/// Shapes: input, output (rows, columns); gain, bias (columns), or no data: 1 and 0; mean,
/// inverse_deviation (rows).
template <class Real>
struct NormaliseArgs {
    View<const Real, 2> input;
    View<const Real, 1> gain;
    View<const Real, 1> bias;
    View<Real, 2> output;
    View<Real, 1> mean;
    View<Real, 1> inverse_deviation;
    Real epsilon;
    bool centred;
};

/// With x the normalised input and g = gain * output_gradient, for each row:
/// input_gradient = inverse_deviation (g - mean of g - x mean of (g x)), without the mean of g if
/// not `centred`; gain_parts = x output_gradient, whose sums over rows are the gradient of the
/// gain. Shapes as above; gain_parts (rows, columns).
template <class Real>
struct NormaliseBackwardArgs {
    View<const Real, 2> input;
    View<const Real, 1> gain;
    View<const Real, 1> mean;
    View<const Real, 1> inverse_deviation;
    View<const Real, 2> output_gradient;
    View<Real, 2> input_gradient;
    View<Real, 2> gain_parts;
    bool centred;
};

template <class Backend, class Real>
void run_normalise(Stream& stream, const NormaliseArgs<Real>& args);
template <class Backend, class Real>
void run_normalise_backward(Stream& stream, const NormaliseBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<NormaliseArgs<Real>> normalise_kernel{
    "normalise", &run_normalise<Cpu, Real>, ELM_IF_CUDA((&run_normalise<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<NormaliseBackwardArgs<Real>> normalise_backward_kernel{
    "normalise_backward", &run_normalise_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_normalise_backward<Cuda, Real>))};

/// Means and inverse deviations of rows, (rows).
struct RowStatistics {
    Tensor mean;
    Tensor inverse_deviation;
};

/// Mean 0 and deviation 1 over the last axis; writes what they were to `statistics`.
Var standardise(Context& context, const Var& input, double epsilon, RowStatistics& statistics);

/// Mean 0 and deviation 1 over the last axis, then a gain and a bias for each of its elements.
/// Shapes: input, result (..., columns); gain, bias (columns). Throws Error{invalid} naming the
/// argument whose shape does not fit, and for no columns.
/// Source: Ba, Kiros & Hinton 2016, "Layer normalization", arXiv 1607.06450.
Var layer_norm(Context& context, const Var& input, const Var& gain, const Var& bias,
               double epsilon = 1e-5);

/// Root mean square 1 over the last axis, then a gain.
/// Source: Zhang & Sennrich 2019, "Root mean square layer normalization", arXiv 1910.07467.
Var rms_norm(Context& context, const Var& input, const Var& gain, double epsilon = 1e-6);

}  // namespace elm
