#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

enum class Activation : std::uint8_t {
    linear,       // x
    relu,         // max(x, 0), with derivative 0 at 0
    silu,         // x sigmoid(x)
    gelu,         // x (1 + erf(x / sqrt 2)) / 2
    gelu_tanh,    // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, an approximation of it
    tanh,         //
    sigmoid,      // 1 / (1 + exp(-x))
    softplus,     // log(1 + exp(x))
    scaled_tanh,  // 1.7159 tanh(2x/3)
    exp,
    elu_plus_one,  // x + 1 above 0, exp(x) below
    sine,
    laplace,  // (1 + erf((x - 0.707107) / (0.282095 sqrt 2))) / 2, a smooth step
    relu2     // max(x, 0)^2
};

/// output[i] = function(input[i]).
template <class Real>
struct ActivationArgs {
    Activation function;
    View<const Real, 1> input;
    View<Real, 1> output;
};

/// input_gradient[i] = function'(input[i]) output_gradient[i]; `kept` is the input or the output,
/// as activation_keeps_output() says.
template <class Real>
struct ActivationBackwardArgs {
    Activation function;
    View<const Real, 1> kept;
    View<const Real, 1> output_gradient;
    View<Real, 1> input_gradient;
};

template <class Backend, class Real>
void run_activation(Stream& stream, const ActivationArgs<Real>& args);
template <class Backend, class Real>
void run_activation_backward(Stream& stream, const ActivationBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ActivationArgs<Real>> activation_kernel{
    "activation", &run_activation<Cpu, Real>, ELM_IF_CUDA((&run_activation<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ActivationBackwardArgs<Real>> activation_backward_kernel{
    "activation_backward", &run_activation_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_activation_backward<Cuda, Real>))};

/// True if the derivative follows from the output alone.
bool activation_keeps_output(Activation function);

/// Differentiable form for any shape; keeps the input or the output, not both.
Var activate(Context& context, const Var& input, Activation function);

}  // namespace elm
