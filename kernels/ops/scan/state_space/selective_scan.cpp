#include "kernels/ops/scan/state_space/selective_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/scan/state_space/selective_scan_tile.h"

namespace elm {
namespace {

/// Values that one scan leaves behind.
struct Trace {
    Tensor input, delta, rate, input_weight, output_weight, skip, starts;
};

void require_arguments(Stream& stream, const SelectiveScanInput& in) {
    const auto [samples, steps, channels] =
        require_rank<3>(in.input.value.shape(), "selective_scan: input (batch, time, channels)");
    const std::int64_t states =
        require_rank<2>(in.rate.value.shape(), "selective_scan: rate (states, channels)")[0];
    const auto require = [](const Var& value, const Shape& shape, const char* what) {
        require_shape(value.value.shape(), shape, what);
    };
    ELM_CHECK(states > 0, "selective_scan: 0 states, expected at least 1");
    require(in.delta, {samples, steps, channels}, "selective_scan: delta (batch, time, channels)");
    require(in.rate, {states, channels}, "selective_scan: rate (states, channels)");
    require(in.input_weight, {samples, steps, states},
            "selective_scan: input weight (batch, time, states)");
    require(in.output_weight, {samples, steps, states},
            "selective_scan: output weight (batch, time, states)");
    require(in.skip, {channels}, "selective_scan: skip (channels)");
    require(in.initial, {samples, states, channels},
            "selective_scan: initial (batch, states, channels)");
    require_selective_scan_fits(limits_of(stream.device()), states);
}

void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape &shape = trace.input.shape(), &state_shape = trace.starts.shape();
    const std::int64_t samples = shape[0], steps = shape[1], channels = shape[2];
    const std::int64_t states = state_shape[2];
    const DType dtype = trace.input.dtype();
    const std::int64_t tile = selective_scan_channels(stream.device().kind, dtype, states);
    const std::int64_t groups = (channels + tile - 1) / tile;
    const auto empty = [&](const Shape& of) { return Tensor::empty(stream, of, dtype); };
    const Tensor input_gradient = empty(shape), delta_gradient = empty(shape);
    const Tensor rate_gradient = empty({samples, states, channels});
    const Tensor input_weights = empty({samples, groups, steps, states});
    const Tensor output_weights = empty(input_weights.shape());
    const Tensor skip_gradient = empty({samples, channels});
    const Tensor initial_gradient = empty({samples, states, channels});
    visit_real(dtype, [&]<class Real>(Real) {
        selective_scan_backward_kernel<Real>(
            stream, {.input = view<const Real, 3>(trace.input),
                     .delta = view<const Real, 3>(trace.delta),
                     .rate = view<const Real, 2>(trace.rate),
                     .input_weight = view<const Real, 3>(trace.input_weight),
                     .output_weight = view<const Real, 3>(trace.output_weight),
                     .skip = view<const Real, 1>(trace.skip),
                     .segment_starts = view<const Real, 4>(trace.starts),
                     .output_gradient = view<const Real, 3>(gradients[0]),
                     .final_gradient = view<const Real, 3>(gradients[1]),
                     .input_gradient = view<Real, 3>(input_gradient),
                     .delta_gradient = view<Real, 3>(delta_gradient),
                     .rate_gradient = view<Real, 3>(rate_gradient),
                     .input_weight_gradient = view<Real, 4>(input_weights),
                     .output_weight_gradient = view<Real, 4>(output_weights),
                     .skip_gradient = view<Real, 2>(skip_gradient),
                     .initial_gradient = view<Real, 3>(initial_gradient)});
    });
    const auto over_groups = [&](const Tensor& parts) {
        const Tensor flat = parts.reshape({samples, groups, steps * states});
        return sum_middle(stream, flat).reshape({samples, steps, states});
    };
    const auto over_samples = [&](const Tensor& parts, const Shape& of) {
        return sum_rows(stream, parts.reshape({samples, of.size()})).reshape(of);
    };
    sinks[0].deliver(stream, input_gradient);
    sinks[1].deliver(stream, delta_gradient);
    if (sinks[2].wanted()) {
        sinks[2].deliver(stream, over_samples(rate_gradient, trace.rate.shape()));
    }
    if (sinks[3].wanted()) sinks[3].deliver(stream, over_groups(input_weights));
    if (sinks[4].wanted()) sinks[4].deliver(stream, over_groups(output_weights));
    if (sinks[5].wanted()) {
        sinks[5].deliver(stream, over_samples(skip_gradient, trace.skip.shape()));
    }
    sinks[6].deliver(stream, initial_gradient);
}

}  // namespace

std::int64_t selective_scan_channels(DeviceKind device, DType dtype, std::int64_t states) {
    if (device == DeviceKind::cuda) return selective_scan_block / selective_scan_lanes(states);
    return selective_scan_vectors *
           (dtype == DType::f32 ? lanes::native<float> : lanes::native<double>);
}

void require_selective_scan_fits(const DeviceLimits& device, std::int64_t states) {
    if (device.kind == DeviceKind::cpu || states <= selective_scan_most_states) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("selective_scan: {} states, on CUDA at most {}. Use fewer states.",
                            states, selective_scan_most_states));
}

std::vector<Var> selective_scan(Context& context, const SelectiveScanInput& in) {
    require_arguments(context.stream, in);
    const Shape& shape = in.input.value.shape();
    const std::int64_t samples = shape[0], steps = shape[1], channels = shape[2];
    const std::int64_t states = in.rate.value.shape()[0];
    const std::int64_t segments = (steps + selective_scan_segment - 1) / selective_scan_segment;
    const DType dtype = in.input.value.dtype();
    const Tensor output = Tensor::empty(context.stream, shape, dtype);
    const Tensor final = Tensor::empty(context.stream, in.initial.value.shape(), dtype);
    Trace trace{
        .input = in.input.value,
        .delta = in.delta.value,
        .rate = in.rate.value,
        .input_weight = in.input_weight.value,
        .output_weight = in.output_weight.value,
        .skip = in.skip.value,
        .starts = Tensor::empty(context.stream, {samples, segments, states, channels}, dtype)};
    visit_real(dtype, [&]<class Real>(Real) {
        selective_scan_kernel<Real>(context.stream,
                                    {.input = view<const Real, 3>(trace.input),
                                     .delta = view<const Real, 3>(trace.delta),
                                     .rate = view<const Real, 2>(trace.rate),
                                     .input_weight = view<const Real, 3>(trace.input_weight),
                                     .output_weight = view<const Real, 3>(trace.output_weight),
                                     .skip = view<const Real, 1>(trace.skip),
                                     .initial = view<const Real, 3>(in.initial.value),
                                     .output = view<Real, 3>(output),
                                     .final = view<Real, 3>(final),
                                     .segment_starts = view<Real, 4>(trace.starts)});
    });
    // exp(delta A) and delta u B, the state, and what reads it.
    context.count(8 * output.shape().size() * states);
    return record(
        context, std::vector<Tensor>{output, final},
        {in.input, in.delta, in.rate, in.input_weight, in.output_weight, in.skip, in.initial},
        [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                   std::span<GradSink> sinks) {
            backward(stream, trace, gradients, sinks);
        });
}

}  // namespace elm
