#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Training step of a flat row of parameters, element by element.
namespace elm {

/// sgd: momentum and Nesterov's form of it, Sutskever et al. 2013 (ICML 28(3):1139).
/// adam, adamax: Kingma & Ba 2015, arXiv 1412.6980, algorithms 1 and 2.
/// adamw: Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2.
/// Where they place epsilon and the learning rate, all follow torch.optim.
enum class OptimizerRule : std::uint8_t { sgd, adam, adamw, adamax };

/// One step for the gradient g = gradient_scale * gradients[i], weight p = values[i] with decay d:
///   sgd     g += d p;  m = first_decay m + g;  p -= rate (nesterov ? g + first_decay m : m)
///   adam    g += d p;  m, v as below;  p -= rate m / c1 / (sqrt(v / c2) + epsilon)
///   adamw   p -= rate d p;  then as adam with d = 0
///   adamax  g += d p;  v = max(second_decay v, |g| + epsilon);  p -= rate m / c1 / v
///   m = first_decay m + first_gain g;  v = second_decay v + second_gain g²
///   c1 = 1 - first_decay^step, c2 = 1 - second_decay^step with step counted from 1
/// Shapes: all (elements); second_moment is empty for sgd.
template <class Real>
struct OptimizerStepArgs {
    OptimizerRule rule;
    bool nesterov;
    Real gradient_scale, rate;
    Real first_decay, first_gain;    // momentum and 1, or beta1 and 1 - beta1
    Real second_decay, second_gain;  // beta2 and 1 - beta2
    Real epsilon;
    Real rate_corrected;   // rate / c1
    Real root_correction;  // 1 / sqrt(c2)
    View<const Real, 1> gradients;
    View<const Real, 1> weight_decay;
    View<Real, 1> values, first_moment, second_moment;
};

/// sums[c] = sum of squares of elements c chunk to (c + 1) chunk, in float64 and in a fixed order.
/// Shapes: values (elements), sums (chunks of them, the last one shorter).
template <class Real>
struct SumOfSquaresArgs {
    static constexpr std::int64_t chunk = 512;
    View<const Real, 1> values;
    View<double, 1> sums;
};

/// average[i] += gain (values[i] - average[i]).
template <class Real>
struct MovingAverageArgs {
    Real gain;
    View<const Real, 1> values;
    View<Real, 1> average;
};

/// Exchanges first[i] and second[i].
template <class Real>
struct ExchangeArgs {
    View<Real, 1> first, second;
};

template <class Backend, class Real>
void run_optimizer_step(Stream& stream, const OptimizerStepArgs<Real>& args);
template <class Backend, class Real>
void run_sum_of_squares(Stream& stream, const SumOfSquaresArgs<Real>& args);
template <class Backend, class Real>
void run_moving_average(Stream& stream, const MovingAverageArgs<Real>& args);
template <class Backend, class Real>
void run_exchange(Stream& stream, const ExchangeArgs<Real>& args);

template <class Real>
inline constexpr Kernel<OptimizerStepArgs<Real>> optimizer_step_kernel{
    "optimizer_step", &run_optimizer_step<Cpu, Real>,
    ELM_IF_CUDA((&run_optimizer_step<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SumOfSquaresArgs<Real>> sum_of_squares_kernel{
    "sum_of_squares", &run_sum_of_squares<Cpu, Real>,
    ELM_IF_CUDA((&run_sum_of_squares<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<MovingAverageArgs<Real>> moving_average_kernel{
    "moving_average", &run_moving_average<Cpu, Real>,
    ELM_IF_CUDA((&run_moving_average<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ExchangeArgs<Real>> exchange_kernel{
    "exchange", &run_exchange<Cpu, Real>, ELM_IF_CUDA((&run_exchange<Cuda, Real>))};

}  // namespace elm
