#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// Takes the statistics of `count` rows, of each feature, into the running ones:
/// running = (1 - momentum) running + momentum (mean, variance of the population).
/// Shapes: all (features).
template <class Real>
struct UpdateStatisticsArgs {
    View<const Real, 1> mean;
    View<const Real, 1> inverse_deviation;
    View<Real, 1> running_mean;
    View<Real, 1> running_variance;
    double count;
    double epsilon;
    double momentum;
};

/// inverse_deviation = 1 / sqrt(variance + epsilon). Shapes: (features).
template <class Real>
struct InverseDeviationArgs {
    View<const Real, 1> variance;
    View<Real, 1> inverse_deviation;
    double epsilon;
};

template <class Backend, class Real>
void run_update_statistics(Stream& stream, const UpdateStatisticsArgs<Real>& args);
template <class Backend, class Real>
void run_inverse_deviation(Stream& stream, const InverseDeviationArgs<Real>& args);

template <class Real>
inline constexpr Kernel<UpdateStatisticsArgs<Real>> update_statistics_kernel{
    "update_statistics", &run_update_statistics<Cpu, Real>,
    ELM_IF_CUDA((&run_update_statistics<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<InverseDeviationArgs<Real>> inverse_deviation_kernel{
    "inverse_deviation", &run_inverse_deviation<Cpu, Real>,
    ELM_IF_CUDA((&run_inverse_deviation<Cuda, Real>))};

/// Statistics of the batches that batch norm saw; start with mean 0 and variance 1.
/// Shapes: mean, variance (features).
struct RunningStatistics {
    Tensor mean;
    Tensor variance;
    double momentum = 0.1;
};

/// Mean 0 and variance 1 of each feature over all rows of a batch, then a gain and a bias for each
/// feature. In training with the statistics of the batch, which are taken into `running`; else with
/// the running ones, as constants. Shapes: input, result (..., features); gain, bias (features).
/// Throws Error{invalid} naming the argument whose shape does not fit, and in training for less
/// than two rows, whose variance is unknown.
/// Source: Ioffe & Szegedy 2015, "Batch normalization", arXiv 1502.03167, algorithms 1 and 2.
Var batch_norm(Context& context, const Var& input, const Var& gain, const Var& bias,
               const RunningStatistics& running, double epsilon = 1e-5);

}  // namespace elm
