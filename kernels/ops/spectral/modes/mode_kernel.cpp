#include "kernels/ops/spectral/modes/mode_kernel.h"

#include "kernels/autograd/context.h"
#include "kernels/ops/basic/complex_planes.h"

namespace elm {
namespace {

void require_modes(const Modes& modes, const Var& skip) {
    const Shape& shape = modes.exponent.real.value.shape();
    require_rank<2>(shape, "mode_kernel: exponent (modes, features)");
    for (const Var& plane : {modes.exponent.imag, modes.weight.real, modes.weight.imag}) {
        require_shape(plane.value.shape(), shape, "mode_kernel: modes (modes, features)");
    }
    require_shape(skip.value.shape(), {shape[1]}, "mode_kernel: skip (features)");
}

void backward(Stream& stream, const TensorPlanes& exponent, const TensorPlanes& weight,
              const Tensor& gradient, std::span<GradSink> sinks) {
    const Shape& shape = exponent.real.shape();
    const TensorPlanes exponents = empty_planes(stream, shape, DType::f64, true);
    const TensorPlanes weights = empty_planes(stream, shape, DType::f64, true);
    visit_real(gradient.dtype(), [&]<class Real>(Real) {
        mode_kernel_backward_kernel<Real>(stream,
                                          {.exponent = planes<const double, 2>(exponent),
                                           .weight = planes<const double, 2>(weight),
                                           .kernel_gradient = view<const Real, 2>(gradient),
                                           .exponent_gradient = planes<double, 2>(exponents),
                                           .weight_gradient = planes<double, 2>(weights)});
    });
    sinks[0].deliver(stream, exponents.real);
    sinks[1].deliver(stream, exponents.imag);
    sinks[2].deliver(stream, weights.real);
    sinks[3].deliver(stream, weights.imag);
    if (!sinks[4].wanted()) return;
    sinks[4].deliver(stream, gradient.shape()[0] > 0
                                 ? gradient.rows(0, 1).reshape({shape[1]})
                                 : Tensor::zeros(stream, {shape[1]}, gradient.dtype()));
}

}  // namespace

Var mode_kernel(Context& context, const Modes& modes, const Var& skip, std::int64_t length) {
    require_modes(modes, skip);
    const TensorPlanes exponent = values_of(modes.exponent), weight = values_of(modes.weight);
    const Tensor kernel =
        Tensor::empty(context.stream, {length, exponent.real.shape()[1]}, skip.value.dtype());
    visit_real(kernel.dtype(), [&]<class Real>(Real) {
        mode_kernel_kernel<Real>(context.stream, {.exponent = planes<const double, 2>(exponent),
                                                  .weight = planes<const double, 2>(weight),
                                                  .skip = view<const Real, 1>(skip.value),
                                                  .kernel = view<Real, 2>(kernel)});
    });
    return record(
        context, kernel,
        {modes.exponent.real, modes.exponent.imag, modes.weight.real, modes.weight.imag, skip},
        [exponent, weight](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            backward(stream, exponent, weight, gradient, sinks);
        });
}

}  // namespace elm
