#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/complex_planes.h"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_modes, ModesArgs);
ELM_DEFINE_INSTANCES(Cpu, run_modes_backward, ModesBackwardArgs);

namespace {

struct Trace {
    Discretisation rule;
    double band_limit;
    Tensor log_step, log_decay, frequency;
    TensorPlanes input_weight, output_weight;
};

/// (features, 1), or (features, modes) as it is.
Tensor by_feature(const Tensor& steps) {
    return steps.shape().rank() == 1 ? steps.reshape({steps.shape()[0], 1}) : steps;
}

void require_arguments(const ModeParameters& in) {
    const Shape& steps = in.log_step.value.shape();
    const auto [rows, modes] =
        require_rank<2>(in.log_decay.value.shape(), "discretised_modes: log_decay (rows, modes)");
    const auto [channels, features, own_modes] =
        require_rank<3>(in.output_weight.real.value.shape(),
                        "discretised_modes: output weight (channels, features, modes)");
    ELM_CHECK(own_modes == modes, "discretised_modes: output weight has {} modes, expected {}",
              own_modes, modes);
    if (steps.rank() == 1) {
        require_shape(steps, {features}, "discretised_modes: log_step (features)");
    } else {
        require_shape(steps, {features, modes}, "discretised_modes: log_step (features, modes)");
    }
    const auto require = [](const Var& value, const Shape& shape, const char* what) {
        require_shape(value.value.shape(), shape, what);
    };
    ELM_CHECK(rows > 0, "discretised_modes: log_decay has no rows, expected at least 1");
    require(in.frequency, {rows, modes}, "discretised_modes: frequency (rows, modes)");
    for (const Var& plane : {in.input_weight.real, in.input_weight.imag}) {
        require(plane, {rows, modes}, "discretised_modes: input weight (rows, modes)");
    }
    for (const Var& plane : {in.output_weight.real, in.output_weight.imag}) {
        require(plane, {channels, features, modes},
                "discretised_modes: output weight (channels, features, modes)");
    }
}

void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const DType dtype = trace.log_step.dtype();
    const auto like = [&](const Tensor& tensor) {
        return Tensor::empty(stream, tensor.shape(), dtype);
    };
    const Tensor log_step = like(trace.log_step), log_decay = like(trace.log_decay);
    const Tensor frequency = like(trace.frequency);
    const TensorPlanes input{like(trace.input_weight.real), like(trace.input_weight.imag)};
    const TensorPlanes output{like(trace.output_weight.real), like(trace.output_weight.imag)};
    visit_real(dtype, [&]<class Real>(Real) {
        modes_backward_kernel<Real>(
            stream, {.rule = trace.rule,
                     .band_limit = trace.band_limit,
                     .log_step = view<const Real, 2>(by_feature(trace.log_step)),
                     .log_decay = view<const Real, 2>(trace.log_decay),
                     .frequency = view<const Real, 2>(trace.frequency),
                     .input_weight = planes<const Real, 2>(trace.input_weight),
                     .output_weight = planes<const Real, 3>(trace.output_weight),
                     .exponent_gradient = planes<const double, 2>({gradients[0], gradients[1]}),
                     .weight_gradient = planes<const double, 2>({gradients[2], gradients[3]}),
                     .log_step_gradient = view<Real, 2>(by_feature(log_step)),
                     .log_decay_gradient = view<Real, 2>(log_decay),
                     .frequency_gradient = view<Real, 2>(frequency),
                     .input_weight_gradient = planes<Real, 2>(input),
                     .output_weight_gradient = planes<Real, 3>(output)});
    });
    const Tensor results[] = {log_step,   log_decay,   frequency,  input.real,
                              input.imag, output.real, output.imag};
    for (std::size_t i = 0; i < std::size(results); ++i) sinks[i].deliver(stream, results[i]);
}

}  // namespace

Modes discretised_modes(Context& context, Discretisation rule, const ModeParameters& in,
                        double band_limit) {
    require_arguments(in);
    const Shape& output_shape = in.output_weight.real.value.shape();
    const Shape shape{output_shape[2], output_shape[0] * output_shape[1]};
    const TensorPlanes exponent = empty_planes(context.stream, shape, DType::f64, true);
    const TensorPlanes weight = empty_planes(context.stream, shape, DType::f64, true);
    Trace trace{.rule = rule,
                .band_limit = band_limit,
                .log_step = in.log_step.value,
                .log_decay = in.log_decay.value,
                .frequency = in.frequency.value,
                .input_weight = values_of(in.input_weight),
                .output_weight = values_of(in.output_weight)};
    visit_real(trace.log_step.dtype(), [&]<class Real>(Real) {
        modes_kernel<Real>(context.stream,
                           {.rule = rule,
                            .band_limit = band_limit,
                            .log_step = view<const Real, 2>(by_feature(trace.log_step)),
                            .log_decay = view<const Real, 2>(trace.log_decay),
                            .frequency = view<const Real, 2>(trace.frequency),
                            .input_weight = planes<const Real, 2>(trace.input_weight),
                            .output_weight = planes<const Real, 3>(trace.output_weight),
                            .exponent = planes<double, 2>(exponent),
                            .weight = planes<double, 2>(weight)});
    });
    const std::vector<Var> results =
        record(context, {exponent.real, exponent.imag, weight.real, weight.imag},
               {in.log_step, in.log_decay, in.frequency, in.input_weight.real, in.input_weight.imag,
                in.output_weight.real, in.output_weight.imag},
               [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                          std::span<GradSink> sinks) {
                   backward(stream, trace, gradients, sinks);
               });
    return {{results[0], results[1]}, {results[2], results[3]}};
}

}  // namespace elm
