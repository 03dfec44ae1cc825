#include "kernels/ops/scan/state_space/diagonal_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/ops/basic/complex_planes.h"

namespace elm {
namespace {

/// Values that one scan leaves behind; planes of one number each.
struct Trace {
    bool constant;
    TensorPlanes decay, initial, state;
};

/// A decay (units) serves as (1, 1, units).
TensorPlanes as_steps(const TensorPlanes& decay, bool constant) {
    if (!constant) return decay;
    const Shape shape{1, 1, decay.real.shape()[0]};
    return {decay.real.reshape(shape), decay.is_complex() ? decay.imag.reshape(shape) : Tensor{}};
}

void require_arguments(const TensorPlanes& decay, const TensorPlanes& input,
                       const TensorPlanes& initial) {
    const auto [samples, steps, units] =
        require_rank<3>(input.real.shape(), "diagonal_scan: input (batch, time, units)");
    const auto require = [](const TensorPlanes& planes, const Shape& shape, const char* what) {
        require_shape(planes.real.shape(), shape, what);
        if (planes.is_complex()) require_shape(planes.imag.shape(), shape, what);
    };
    require(input, {samples, steps, units}, "diagonal_scan: input (batch, time, units)");
    if (decay.real.shape().rank() == 1) {
        require(decay, {units}, "diagonal_scan: decay (units)");
    } else {
        require(decay, {samples, steps, units}, "diagonal_scan: decay (batch, time, units)");
    }
    require(initial, {samples, units}, "diagonal_scan: initial (batch, units)");
}

/// Gradients of decay, input and initial, one plane after the other.
void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape& shape = trace.state.real.shape();
    const bool complex = trace.state.is_complex();
    const DType dtype = trace.state.real.dtype();
    const Shape decay_shape = trace.constant ? shape.with(1, 1) : shape;
    const auto empty = [&](const Shape& of) { return empty_planes(stream, of, dtype, complex); };
    const TensorPlanes input_gradient = empty(shape), decay_gradient = empty(decay_shape);
    const TensorPlanes initial_gradient = empty(trace.initial.real.shape());
    const TensorPlanes state_gradient{gradients[0], complex ? gradients[1] : Tensor{}};
    visit_real(dtype, [&]<class Real>(Real) {
        diagonal_scan_backward_kernel<Real>(
            stream, {.constant = trace.constant,
                     .decay = planes<const Real, 3>(trace.decay),
                     .state = planes<const Real, 3>(trace.state),
                     .initial = planes<const Real, 2>(trace.initial),
                     .state_gradient = planes<const Real, 3>(state_gradient),
                     .input_gradient = planes<Real, 3>(input_gradient),
                     .decay_gradient = planes<Real, 3>(decay_gradient),
                     .initial_gradient = planes<Real, 2>(initial_gradient)});
    });
    const std::size_t n = complex ? 2 : 1;
    for (std::size_t plane = 0; plane < n; ++plane) {
        const auto pick = [plane](const TensorPlanes& of) {
            return plane == 0 ? of.real : of.imag;
        };
        Tensor decays = pick(decay_gradient);
        if (trace.constant && sinks[plane].wanted()) {
            decays = sum_rows(stream, decays.reshape({shape[0], shape[2]}));
        }
        sinks[plane].deliver(stream, decays);
        sinks[n + plane].deliver(stream, pick(input_gradient));
        sinks[2 * n + plane].deliver(stream, pick(initial_gradient));
    }
}

std::vector<Var> scan(Context& context, const TensorPlanes& decay, const TensorPlanes& input,
                      const TensorPlanes& initial, std::initializer_list<Var> inputs) {
    require_arguments(decay, input, initial);
    const bool constant = decay.real.shape().rank() == 1;
    const DType dtype = input.real.dtype();
    const TensorPlanes state =
        empty_planes(context.stream, input.real.shape(), dtype, input.is_complex());
    Trace trace{constant, as_steps(decay, constant), initial, state};
    visit_real(dtype, [&]<class Real>(Real) {
        diagonal_scan_kernel<Real>(context.stream, {.constant = constant,
                                                    .decay = planes<const Real, 3>(trace.decay),
                                                    .input = planes<const Real, 3>(input),
                                                    .initial = planes<const Real, 2>(initial),
                                                    .state = planes<Real, 3>(state)});
    });
    context.count((input.is_complex() ? 8 : 2) * state.real.shape().size());
    std::vector<Tensor> outputs{state.real};
    if (state.is_complex()) outputs.push_back(state.imag);
    return record(context, outputs, inputs,
                  [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                             std::span<GradSink> sinks) {
                      backward(stream, trace, gradients, sinks);
                  });
}

}  // namespace

Var diagonal_scan(Context& context, const Var& decay, const Var& input, const Var& initial) {
    return scan(context, {decay.value, {}}, {input.value, {}}, {initial.value, {}},
                {decay, input, initial})
        .front();
}

ComplexVar diagonal_scan(Context& context, const ComplexVar& decay, const ComplexVar& input,
                         const ComplexVar& initial) {
    const std::vector<Var> state =
        scan(context, values_of(decay), values_of(input), values_of(initial),
             {decay.real, decay.imag, input.real, input.imag, initial.real, initial.imag});
    return {state[0], state[1]};
}

}  // namespace elm
