#include "kernels/ops/scan/state_space/mode_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/complex_planes.h"

namespace elm {
namespace {

/// Values that one scan leaves behind.
struct Trace {
    Tensor input;
    TensorPlanes decay, weight;
    Tensor skip;
    TensorPlanes starts;
};

void require_arguments(Stream& stream, const ModeScanInput& in) {
    const auto [samples, steps, features] =
        require_rank<3>(in.input.value.shape(), "mode_scan: input (batch, time, features)");
    const std::int64_t modes =
        require_rank<2>(in.decay.real.value.shape(), "mode_scan: decay (modes, features)")[0];
    const auto require = [](const ComplexVar& number, const Shape& shape, const char* what) {
        require_shape(number.real.value.shape(), shape, what);
        require_shape(number.imag.value.shape(), shape, what);
    };
    require(in.decay, {modes, features}, "mode_scan: decay (modes, features)");
    require(in.weight, {modes, features}, "mode_scan: weight (modes, features)");
    require_shape(in.skip.value.shape(), {features}, "mode_scan: skip (features)");
    require(in.initial, {samples, modes, features}, "mode_scan: initial (batch, modes, features)");
    ELM_CHECK(modes > 0, "mode_scan: 0 modes, expected at least 1");
    require_mode_scan_fits(limits_of(stream.device()), modes, in.input.value.dtype());
}

void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape& shape = trace.input.shape();
    const std::int64_t samples = shape[0], features = shape[2];
    const std::int64_t modes = trace.decay.real.shape()[0];
    const DType dtype = trace.input.dtype();
    const auto empty = [&] {
        return empty_planes(stream, {samples, modes, features}, dtype, true);
    };
    const Tensor input_gradient = Tensor::empty(stream, shape, dtype);
    const Tensor skip_gradient = Tensor::empty(stream, {samples, features}, dtype);
    const TensorPlanes decay_gradient = empty(), weight_gradient = empty();
    const TensorPlanes initial_gradient = empty();
    visit_real(dtype, [&]<class Real>(Real) {
        mode_scan_backward_kernel<Real>(
            stream, {.input = view<const Real, 3>(trace.input),
                     .decay = planes<const Real, 2>(trace.decay),
                     .weight = planes<const Real, 2>(trace.weight),
                     .skip = view<const Real, 1>(trace.skip),
                     .segment_starts = planes<const Real, 4>(trace.starts),
                     .output_gradient = view<const Real, 3>(gradients[0]),
                     .final_gradient = planes<const Real, 3>({gradients[1], gradients[2]}),
                     .input_gradient = view<Real, 3>(input_gradient),
                     .decay_gradient = planes<Real, 3>(decay_gradient),
                     .weight_gradient = planes<Real, 3>(weight_gradient),
                     .skip_gradient = view<Real, 2>(skip_gradient),
                     .initial_gradient = planes<Real, 3>(initial_gradient)});
    });
    const auto deliver_sum = [&](GradSink& sink, const Tensor& parts, const Shape& of) {
        if (!sink.wanted()) return;
        sink.deliver(stream, sum_rows(stream, parts.reshape({samples, of.size()})).reshape(of));
    };
    sinks[0].deliver(stream, input_gradient);
    deliver_sum(sinks[1], decay_gradient.real, {modes, features});
    deliver_sum(sinks[2], decay_gradient.imag, {modes, features});
    deliver_sum(sinks[3], weight_gradient.real, {modes, features});
    deliver_sum(sinks[4], weight_gradient.imag, {modes, features});
    deliver_sum(sinks[5], skip_gradient, {features});
    sinks[6].deliver(stream, initial_gradient.real);
    sinks[7].deliver(stream, initial_gradient.imag);
}

}  // namespace

void require_mode_scan_fits(const DeviceLimits& device, std::int64_t modes, DType dtype) {
    if (device.kind == DeviceKind::cpu) return;
    if (modes > mode_scan_most_modes) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("mode_scan: {} modes, which are {} states, on CUDA at most {} "
                                "modes. Use fewer states.",
                                modes, 2 * modes, mode_scan_most_modes));
    }
    const std::size_t bytes = mode_scan_shared_bytes(size_of(dtype));
    if (bytes <= device.shared_bytes) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("mode_scan: in {} it takes {} bytes of the shared memory of a CUDA "
                            "device, which has {}. Use float32.",
                            name_of(dtype), bytes, device.shared_bytes));
}

ModeScanResult mode_scan(Context& context, const ModeScanInput& in) {
    require_arguments(context.stream, in);
    const Shape& shape = in.input.value.shape();
    const std::int64_t modes = in.decay.real.value.shape()[0];
    const std::int64_t segments = (shape[1] + mode_scan_segment - 1) / mode_scan_segment;
    const DType dtype = in.input.value.dtype();
    const Tensor output = Tensor::empty(context.stream, shape, dtype);
    const TensorPlanes final =
        empty_planes(context.stream, in.initial.real.value.shape(), dtype, true);
    Trace trace{
        .input = in.input.value,
        .decay = values_of(in.decay),
        .weight = values_of(in.weight),
        .skip = in.skip.value,
        .starts = empty_planes(context.stream, {shape[0], segments, modes, shape[2]}, dtype, true)};
    visit_real(dtype, [&]<class Real>(Real) {
        mode_scan_kernel<Real>(context.stream,
                               {.input = view<const Real, 3>(trace.input),
                                .decay = planes<const Real, 2>(trace.decay),
                                .weight = planes<const Real, 2>(trace.weight),
                                .skip = view<const Real, 1>(trace.skip),
                                .initial = planes<const Real, 3>(values_of(in.initial)),
                                .output = view<Real, 3>(output),
                                .final = planes<Real, 3>(final),
                                .segment_starts = planes<Real, 4>(trace.starts)});
    });
    context.count(12 * shape.size() * modes);  // a state of complex numbers, and what reads it
    const std::vector<Var> results =
        record(context, {output, final.real, final.imag},
               {in.input, in.decay.real, in.decay.imag, in.weight.real, in.weight.imag, in.skip,
                in.initial.real, in.initial.imag},
               [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                          std::span<GradSink> sinks) {
                   backward(stream, trace, gradients, sinks);
               });
    return {results[0], {results[1], results[2]}};
}

}  // namespace elm
