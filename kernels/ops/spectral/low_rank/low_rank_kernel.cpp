#include <cmath>
#include <numbers>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/spectral/low_rank/low_rank_kernel_body.h"

namespace elm {

namespace {

struct Trace {
    TransformStages stages;
    Tensor log_step, log_decay, frequency;
    TensorPlanes input_weight, correction, output_weight, roots, sums, spectrum;
};

void require_arguments(const LowRankParameters& in, std::int64_t length) {
    const std::int64_t features =
        require_rank<1>(in.log_step.value.shape(), "low_rank_kernel: log_step (features)")[0];
    const auto [rows, modes] =
        require_rank<2>(in.log_decay.value.shape(), "low_rank_kernel: log_decay (rows, modes)");
    const char* const output = "low_rank_kernel: output weight (channels, features, modes)";
    const std::int64_t channels = require_rank<3>(in.output_weight.real.value.shape(), output)[0];
    ELM_CHECK(rows > 0, "low_rank_kernel: log_decay has no rows, expected at least 1");
    ELM_CHECK(length > 0, "low_rank_kernel: a kernel of {} steps, expected at least 1", length);
    const auto require = [](const Var& value, const Shape& shape, const char* what) {
        require_shape(value.value.shape(), shape, what);
    };
    require(in.frequency, {rows, modes}, "low_rank_kernel: frequency (rows, modes)");
    for (const Var& plane : {in.input_weight.real, in.input_weight.imag}) {
        require(plane, {rows, modes}, "low_rank_kernel: input weight (rows, modes)");
    }
    const char* const corrections = "low_rank_kernel: correction (rank rows, modes)";
    const std::int64_t rank =
        require_rank<2>(in.correction.real.value.shape(), corrections)[0] / rows;
    ELM_CHECK(rank == 1 || rank == 2, "low_rank_kernel: a correction of rank {}, expected 1 or 2",
              rank);
    for (const Var& plane : {in.correction.real, in.correction.imag}) {
        require(plane, {rank * rows, modes}, corrections);
    }
    for (const Var& plane : {in.output_weight.real, in.output_weight.imag}) {
        require(plane, {channels, features, modes}, output);
    }
}

TransformStages stages_of(std::int64_t length) {
    auto rows = static_cast<std::int64_t>(std::sqrt(static_cast<double>(length)));
    while (length % rows != 0) --rows;
    return {length, rows, length / rows};
}

TensorPlanes roots_of(Stream& stream, std::int64_t length) {
    const double turn = 2 * std::numbers::pi / static_cast<double>(length);
    return {tabulate(stream, {length}, DType::f64,
                     [=](std::int64_t k) { return std::cos(turn * static_cast<double>(k)); }),
            tabulate(stream, {length}, DType::f64,
                     [=](std::int64_t k) { return std::sin(turn * static_cast<double>(k)); })};
}

void backward(Stream& stream, const Trace& trace, const Tensor& gradient,
              std::span<GradSink> sinks) {
    const DType dtype = trace.log_step.dtype();
    const auto like = [&](const Tensor& tensor) {
        return Tensor::empty(stream, tensor.shape(), dtype);
    };
    const auto planes_like = [&](const TensorPlanes& tensors) {
        return TensorPlanes{like(tensors.real), like(tensors.imag)};
    };
    const Tensor log_step = like(trace.log_step), log_decay = like(trace.log_decay);
    const Tensor frequency = like(trace.frequency);
    const TensorPlanes input = planes_like(trace.input_weight);
    const TensorPlanes correction = planes_like(trace.correction);
    const TensorPlanes output = planes_like(trace.output_weight);
    const std::int64_t columns = gradient.shape()[1], modes = trace.log_decay.shape()[1];
    const TensorPlanes partial = empty_planes(stream, gradient.shape(), DType::f64, true);
    const TensorPlanes along = empty_planes(stream, trace.sums.real.shape(), DType::f64, true);
    const TensorPlanes shares = empty_planes(
        stream, {2 + trace.correction.real.shape()[0] / trace.log_decay.shape()[0], modes, columns},
        DType::f64, true);
    visit_real(dtype, [&]<class Real>(Real) {
        low_rank_kernel_backward_kernel<Real>(
            stream, {.stages = trace.stages,
                     .log_step = view<const Real, 1>(trace.log_step),
                     .log_decay = view<const Real, 2>(trace.log_decay),
                     .frequency = view<const Real, 2>(trace.frequency),
                     .input_weight = planes<const Real, 2>(trace.input_weight),
                     .correction = planes<const Real, 2>(trace.correction),
                     .output_weight = planes<const Real, 3>(trace.output_weight),
                     .roots = planes<const double, 1>(trace.roots),
                     .sums = planes<const double, 3>(trace.sums),
                     .spectrum = planes<const double, 2>(trace.spectrum),
                     .kernel_gradient = view<const Real, 2>(gradient),
                     .partial = planes<double, 2>(partial),
                     .along = planes<double, 3>(along),
                     .shares = planes<double, 3>(shares),
                     .log_step_gradient = view<Real, 1>(log_step),
                     .log_decay_gradient = view<Real, 2>(log_decay),
                     .frequency_gradient = view<Real, 2>(frequency),
                     .input_weight_gradient = planes<Real, 2>(input),
                     .correction_gradient = planes<Real, 2>(correction),
                     .output_weight_gradient = planes<Real, 3>(output)});
    });
    const Tensor results[] = {log_step,        log_decay,       frequency,   input.real, input.imag,
                              correction.real, correction.imag, output.real, output.imag};
    for (std::size_t i = 0; i < std::size(results); ++i) sinks[i].deliver(stream, results[i]);
}

}  // namespace

Var low_rank_kernel(Context& context, const LowRankParameters& in, std::int64_t length) {
    require_arguments(in, length);
    Stream& stream = context.stream;
    const Shape& output_shape = in.output_weight.real.value.shape();
    const std::int64_t columns = output_shape[0] * output_shape[1];
    const TransformStages stages = stages_of(length);
    const std::int64_t order =
        1 + in.correction.real.value.shape()[0] / in.log_decay.value.shape()[0];
    Trace trace{
        .stages = stages,
        .log_step = in.log_step.value,
        .log_decay = in.log_decay.value,
        .frequency = in.frequency.value,
        .input_weight = values_of(in.input_weight),
        .correction = values_of(in.correction),
        .output_weight = values_of(in.output_weight),
        .roots = roots_of(stream, length),
        .sums = empty_planes(stream, {order * order, stages.nodes(), columns}, DType::f64, true),
        .spectrum = empty_planes(stream, {stages.nodes(), columns}, DType::f64, true)};
    const TensorPlanes partial = empty_planes(stream, {length, columns}, DType::f64, true);
    const Tensor kernel = Tensor::empty(stream, {length, columns}, trace.log_step.dtype());
    visit_real(kernel.dtype(), [&]<class Real>(Real) {
        low_rank_kernel_kernel<Real>(stream,
                                     {.stages = stages,
                                      .log_step = view<const Real, 1>(trace.log_step),
                                      .log_decay = view<const Real, 2>(trace.log_decay),
                                      .frequency = view<const Real, 2>(trace.frequency),
                                      .input_weight = planes<const Real, 2>(trace.input_weight),
                                      .correction = planes<const Real, 2>(trace.correction),
                                      .output_weight = planes<const Real, 3>(trace.output_weight),
                                      .roots = planes<const double, 1>(trace.roots),
                                      .sums = planes<double, 3>(trace.sums),
                                      .spectrum = planes<double, 2>(trace.spectrum),
                                      .partial = planes<double, 2>(partial),
                                      .kernel = view<Real, 2>(kernel)});
    });
    return record(
        context, kernel,
        {in.log_step, in.log_decay, in.frequency, in.input_weight.real, in.input_weight.imag,
         in.correction.real, in.correction.imag, in.output_weight.real, in.output_weight.imag},
        [trace = std::move(trace)](Stream& on, const Tensor& gradient, std::span<GradSink> sinks) {
            backward(on, trace, gradient, sinks);
        });
}

}  // namespace elm
