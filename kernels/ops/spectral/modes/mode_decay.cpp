#include "kernels/autograd/context.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/spectral/modes/mode_decay_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_mode_decay, ModeDecayArgs);
ELM_DEFINE_INSTANCES(Cpu, run_mode_decay_backward, ModeDecayBackwardArgs);

DecayingModes decaying_modes(Context& context, const Modes& modes, DType dtype) {
    const TensorPlanes exponent = values_of(modes.exponent), weight = values_of(modes.weight);
    const Shape& shape = exponent.real.shape();
    const TensorPlanes decay = empty_planes(context.stream, shape, dtype, true);
    const TensorPlanes copy = empty_planes(context.stream, shape, dtype, true);
    visit_real(dtype, [&]<class Real>(Real) {
        mode_decay_kernel<Real>(context.stream, {.exponent = planes<const double, 2>(exponent),
                                                 .weight = planes<const double, 2>(weight),
                                                 .decay = planes<Real, 2>(decay),
                                                 .weight_copy = planes<Real, 2>(copy)});
    });
    const auto backward = [exponent, dtype](Stream& stream, std::span<const Tensor> gradients,
                                            std::span<GradSink> sinks) {
        const Shape& of = exponent.real.shape();
        const TensorPlanes exponents = empty_planes(stream, of, DType::f64, true);
        const TensorPlanes weights = empty_planes(stream, of, DType::f64, true);
        visit_real(dtype, [&]<class Real>(Real) {
            mode_decay_backward_kernel<Real>(
                stream,
                {.exponent = planes<const double, 2>(exponent),
                 .decay_gradient = planes<const Real, 2>({gradients[0], gradients[1]}),
                 .weight_copy_gradient = planes<const Real, 2>({gradients[2], gradients[3]}),
                 .exponent_gradient = planes<double, 2>(exponents),
                 .weight_gradient = planes<double, 2>(weights)});
        });
        sinks[0].deliver(stream, exponents.real);
        sinks[1].deliver(stream, exponents.imag);
        sinks[2].deliver(stream, weights.real);
        sinks[3].deliver(stream, weights.imag);
    };
    const std::vector<Var> results = record(
        context, {decay.real, decay.imag, copy.real, copy.imag},
        {modes.exponent.real, modes.exponent.imag, modes.weight.real, modes.weight.imag}, backward);
    return {{results[0], results[1]}, {results[2], results[3]}};
}

}  // namespace elm
