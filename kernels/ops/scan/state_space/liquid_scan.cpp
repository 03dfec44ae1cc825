#include "kernels/ops/scan/state_space/liquid_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Values that one scan leaves behind.
struct Trace {
    Tensor input;
    TensorPlanes decay, gain, weight, starts;
    bool bounded;
};

void require_arguments(const LiquidScanInput& in) {
    const auto [samples, steps, features] =
        require_rank<3>(in.input.value.shape(), "liquid_scan: input (batch, time, features)");
    const std::int64_t modes =
        require_rank<2>(in.decay.real.value.shape(), "liquid_scan: decay (modes, features)")[0];
    const auto require = [](const ComplexVar& number, const Shape& shape, const char* what) {
        require_shape(number.real.value.shape(), shape, what);
        require_shape(number.imag.value.shape(), shape, what);
    };
    require(in.decay, {modes, features}, "liquid_scan: decay (modes, features)");
    require(in.gain, {modes, features}, "liquid_scan: gain (modes, features)");
    require(in.weight, {modes, features}, "liquid_scan: weight (modes, features)");
    require(in.initial, {samples, modes, features},
            "liquid_scan: initial (batch, modes, features)");
    ELM_CHECK(modes > 0, "liquid_scan: 0 modes, expected at least 1");
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
    const TensorPlanes decay = empty(), gain = empty(), weight = empty(), initial = empty();
    const TensorPlanes states =
        empty_planes(stream, {samples, liquid_scan_segment + 1, modes, features}, dtype, true);
    visit_real(dtype, [&]<class Real>(Real) {
        liquid_scan_backward_kernel<Real>(
            stream, {.input = view<const Real, 3>(trace.input),
                     .decay = planes<const Real, 2>(trace.decay),
                     .gain = planes<const Real, 2>(trace.gain),
                     .weight = planes<const Real, 2>(trace.weight),
                     .segment_starts = planes<const Real, 4>(trace.starts),
                     .bounded = trace.bounded,
                     .output_gradient = view<const Real, 3>(gradients[0]),
                     .final_gradient = planes<const Real, 3>({gradients[1], gradients[2]}),
                     .trace = planes<Real, 4>(states),
                     .input_gradient = view<Real, 3>(input_gradient),
                     .decay_gradient = planes<Real, 3>(decay),
                     .gain_gradient = planes<Real, 3>(gain),
                     .weight_gradient = planes<Real, 3>(weight),
                     .initial_gradient = planes<Real, 3>(initial)});
    });
    sinks[0].deliver(stream, input_gradient);
    std::size_t next = 1;
    for (const TensorPlanes* number : {&decay, &gain, &weight}) {
        for (const Tensor* part : {&number->real, &number->imag}) {
            GradSink& sink = sinks[next++];
            if (!sink.wanted()) continue;
            const Tensor sum = sum_rows(stream, part->reshape({samples, modes * features}));
            sink.deliver(stream, sum.reshape({modes, features}));
        }
    }
    sinks[next].deliver(stream, initial.real);
    sinks[next + 1].deliver(stream, initial.imag);
}

}  // namespace

LiquidScanResult liquid_scan(Context& context, const LiquidScanInput& in) {
    require_arguments(in);
    const Shape& shape = in.input.value.shape();
    const std::int64_t modes = in.decay.real.value.shape()[0];
    const std::int64_t segments = (shape[1] + liquid_scan_segment - 1) / liquid_scan_segment;
    const DType dtype = in.input.value.dtype();
    const Tensor output = Tensor::empty(context.stream, shape, dtype);
    const TensorPlanes final =
        empty_planes(context.stream, in.initial.real.value.shape(), dtype, true);
    Trace trace{
        .input = in.input.value,
        .decay = values_of(in.decay),
        .gain = values_of(in.gain),
        .weight = values_of(in.weight),
        .starts = empty_planes(context.stream, {shape[0], segments, modes, shape[2]}, dtype, true),
        .bounded = in.bounded};
    visit_real(dtype, [&]<class Real>(Real) {
        liquid_scan_kernel<Real>(context.stream,
                                 {.input = view<const Real, 3>(trace.input),
                                  .decay = planes<const Real, 2>(trace.decay),
                                  .gain = planes<const Real, 2>(trace.gain),
                                  .weight = planes<const Real, 2>(trace.weight),
                                  .initial = planes<const Real, 3>(values_of(in.initial)),
                                  .bounded = trace.bounded,
                                  .output = view<Real, 3>(output),
                                  .final = planes<Real, 3>(final),
                                  .segment_starts = planes<Real, 4>(trace.starts)});
    });
    // A decay that follows the input, a state of complex numbers, and what reads it.
    context.count(18 * shape.size() * modes);
    const std::vector<Var> results =
        record(context, {output, final.real, final.imag},
               {in.input, in.decay.real, in.decay.imag, in.gain.real, in.gain.imag, in.weight.real,
                in.weight.imag, in.initial.real, in.initial.imag},
               [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                          std::span<GradSink> sinks) {
                   backward(stream, trace, gradients, sinks);
               });
    return {results[0], {results[1], results[2]}};
}

}  // namespace elm
