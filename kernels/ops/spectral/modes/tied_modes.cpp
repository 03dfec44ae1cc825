#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/spectral/modes/tied_modes_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_tied_modes, TiedModesArgs);
ELM_DEFINE_INSTANCES(Cpu, run_tied_modes_backward, TiedModesBackwardArgs);

namespace {

struct Trace {
    TiedGain form;
    std::int64_t length;
    Tensor log_step;
    TensorPlanes rate, output_weight;
};

void require_arguments(TiedGain form, std::int64_t length, const TiedModeParameters& in) {
    const std::int64_t features =
        require_rank<2>(in.log_step.value.shape(), "tied_modes: log_step (2, features)")[1];
    require_shape(in.log_step.value.shape(), {2, features}, "tied_modes: log_step (2, features)");
    const std::int64_t modes =
        require_rank<1>(in.rate.real.value.shape(), "tied_modes: rate (modes)")[0];
    require_shape(in.rate.imag.value.shape(), {modes}, "tied_modes: rate (modes)");
    const char* const what = "tied_modes: output weight (channels, features, modes)";
    const std::int64_t channels = require_rank<3>(in.output_weight.real.value.shape(), what)[0];
    for (const Var& plane : {in.output_weight.real, in.output_weight.imag}) {
        require_shape(plane.value.shape(), {channels, features, modes}, what);
    }
    ELM_CHECK(form != TiedGain::softmax || length > 0,
              "tied_modes: a softmax over {} steps, expected at least 1", length);
}

void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const DType dtype = trace.log_step.dtype();
    const Tensor log_step = Tensor::empty(stream, trace.log_step.shape(), dtype);
    const TensorPlanes rate = empty_planes(stream, trace.rate.real.shape(), dtype, true);
    const TensorPlanes output = empty_planes(stream, trace.output_weight.real.shape(), dtype, true);
    visit_real(dtype, [&]<class Real>(Real) {
        tied_modes_backward_kernel<Real>(
            stream, {.form = trace.form,
                     .length = trace.length,
                     .log_step = view<const Real, 2>(trace.log_step),
                     .rate = planes<const Real, 1>(trace.rate),
                     .output_weight = planes<const Real, 3>(trace.output_weight),
                     .exponent_gradient = planes<const double, 2>({gradients[0], gradients[1]}),
                     .weight_gradient = planes<const double, 2>({gradients[2], gradients[3]}),
                     .log_step_gradient = view<Real, 2>(log_step),
                     .rate_gradient = planes<Real, 1>(rate),
                     .output_weight_gradient = planes<Real, 3>(output)});
    });
    const Tensor results[] = {log_step, rate.real, rate.imag, output.real, output.imag};
    for (std::size_t i = 0; i < std::size(results); ++i) sinks[i].deliver(stream, results[i]);
}

}  // namespace

Modes tied_modes(Context& context, TiedGain form, std::int64_t length,
                 const TiedModeParameters& in) {
    require_arguments(form, length, in);
    const Shape& output_shape = in.output_weight.real.value.shape();
    const Shape shape{output_shape[2], output_shape[0] * output_shape[1]};
    const TensorPlanes exponent = empty_planes(context.stream, shape, DType::f64, true);
    const TensorPlanes weight = empty_planes(context.stream, shape, DType::f64, true);
    Trace trace{.form = form,
                .length = length,
                .log_step = in.log_step.value,
                .rate = values_of(in.rate),
                .output_weight = values_of(in.output_weight)};
    visit_real(trace.log_step.dtype(), [&]<class Real>(Real) {
        tied_modes_kernel<Real>(context.stream,
                                {.form = form,
                                 .length = length,
                                 .log_step = view<const Real, 2>(trace.log_step),
                                 .rate = planes<const Real, 1>(trace.rate),
                                 .output_weight = planes<const Real, 3>(trace.output_weight),
                                 .exponent = planes<double, 2>(exponent),
                                 .weight = planes<double, 2>(weight)});
    });
    const std::vector<Var> results = record(
        context, {exponent.real, exponent.imag, weight.real, weight.imag},
        {in.log_step, in.rate.real, in.rate.imag, in.output_weight.real, in.output_weight.imag},
        [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                   std::span<GradSink> sinks) {
            backward(stream, trace, gradients, sinks);
        });
    return {{results[0], results[1]}, {results[2], results[3]}};
}

}  // namespace elm
