#include "kernels/ops/spiking/spiking_scan.h"

#include <array>
#include <cmath>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/optional_view.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

constexpr const char* coefficient_names[spiking_coefficients] = {
    "decay", "threshold", "adaptation_decay", "jump", "coupling"};

/// Values that one scan leaves behind; those of units that do not adapt are undefined.
struct Trace {
    SpikingRule rule;
    Tensor weight, start;
    std::array<Tensor, spiking_coefficients> coefficients;
    Tensor spikes = {}, potential = {}, adaptation = {};
};

void require_arguments(const Stream& stream, const Trace& trace, const Tensor& projected) {
    const SpikeSurrogate& surrogate = trace.rule.surrogate;
    ELM_CHECK(
        surrogate.width > 0 && std::isfinite(surrogate.width) && std::isfinite(surrogate.height),
        "spiking_scan: a surrogate of width {} and height {}, expected a positive width and "
        "finite numbers",
        surrogate.width, surrogate.height);
    const auto [samples, steps, units] =
        require_rank<3>(projected.shape(), "spiking_scan: projected (batch, time, units)");
    require_shape(trace.weight.shape(), {units, units}, "spiking_scan: weight (units, units)");
    require_spiking_scan_fits(limits_of(stream.device()), units, projected.dtype());
    const std::int64_t rows = spiking_state_rows(trace.rule.adaptation);
    require_shape(trace.start.shape(), {samples, rows, units},
                  fmt::format("spiking_scan: state (batch, {}, units)", rows));
    for (int i = 0; i < spiking_coefficients; ++i) {
        const Tensor& given = trace.coefficients[static_cast<std::size_t>(i)];
        if (i >= spiking_coefficient_count(trace.rule.adaptation)) {
            ELM_CHECK(!given.defined(),
                      "spiking_scan: {} has no meaning for these units; leave it out",
                      coefficient_names[i]);
            continue;
        }
        ELM_CHECK(given.defined(), "spiking_scan: {} (units) is missing", coefficient_names[i]);
        require_shape(given.shape(), {units},
                      fmt::format("spiking_scan: {} (units)", coefficient_names[i]));
    }
}

template <class Real>
SpikingRuleOf<Real> rule_of(const SpikingRule& rule) {
    return {rule.adaptation,
            {rule.surrogate.kind, static_cast<Real>(rule.surrogate.width),
             static_cast<Real>(rule.surrogate.height)},
            rule.reset_to_zero,
            rule.detach_reset,
            rule.smooth};
}

template <class Real>
void set_coefficients(const Trace& trace, View<const Real, 1> (&views)[spiking_coefficients]) {
    for (std::size_t i = 0; i < spiking_coefficients; ++i) {
        views[i] = view_or_none<const Real, 1>(trace.coefficients[i]);
    }
}

/// Fills the trace; `saves` what the way back needs.
Tensor forward(Stream& stream, Trace& trace, const Tensor& projected, bool saves) {
    const Shape& shape = projected.shape();
    const DType dtype = projected.dtype();
    trace.spikes = Tensor::empty(stream, shape, dtype);
    if (saves) trace.potential = Tensor::empty(stream, shape, dtype);
    if (saves && trace.rule.adaptation != SpikingAdaptation::none) {
        trace.adaptation = Tensor::empty(stream, shape, dtype);
    }
    Tensor end = Tensor::empty(stream, trace.start.shape(), dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        SpikingScanArgs<Real> args{.rule = rule_of<Real>(trace.rule),
                                   .projected = view<const Real, 3>(projected),
                                   .weight = view<const Real, 2>(trace.weight),
                                   .coefficients = {},
                                   .start = view<const Real, 3>(trace.start),
                                   .spikes = view<Real, 3>(trace.spikes),
                                   .end = view<Real, 3>(end),
                                   .saved_potential = view_or_none<Real, 3>(trace.potential),
                                   .saved_adaptation = view_or_none<Real, 3>(trace.adaptation)};
        set_coefficients(trace, args.coefficients);
        spiking_scan_kernel<Real>(stream, args);
    });
    return end;
}

/// Gradients of projected, weight, state and the coefficients that units have.
void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape& shape = trace.spikes.shape();
    const DType dtype = trace.spikes.dtype();
    const std::int64_t count = spiking_coefficient_count(trace.rule.adaptation);
    const Tensor of_projected = Tensor::empty(stream, shape, dtype);
    const Tensor previous = Tensor::empty(stream, shape, dtype);
    const Tensor of_start = Tensor::empty(stream, trace.start.shape(), dtype);
    const Tensor sums = Tensor::empty(stream, {count, shape[0], shape[2]}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        SpikingScanBackwardArgs<Real> args{
            .rule = rule_of<Real>(trace.rule),
            .weight = view<const Real, 2>(trace.weight),
            .coefficients = {},
            .start = view<const Real, 3>(trace.start),
            .spikes = view<const Real, 3>(trace.spikes),
            .saved_potential = view<const Real, 3>(trace.potential),
            .saved_adaptation = view_or_none<const Real, 3>(trace.adaptation),
            .spikes_gradient = view<const Real, 3>(gradients[0]),
            .end_gradient = view<const Real, 3>(gradients[1]),
            .projected_gradient = view<Real, 3>(of_projected),
            .previous_spikes = view<Real, 3>(previous),
            .start_gradient = view<Real, 3>(of_start),
            .coefficient_gradients = view<Real, 3>(sums)};
        set_coefficients(trace, args.coefficients);
        spiking_scan_backward_kernel<Real>(stream, args);
    });
    if (sinks[1].wanted()) {
        const Shape rows = as_rows(shape);
        sinks[1].deliver(stream, product(stream, {of_projected.reshape(rows), true},
                                         Factor{previous.reshape(rows)}));
    }
    sinks[0].deliver(stream, of_projected);
    sinks[2].deliver(stream, of_start);
    for (std::int64_t i = 0; i < count; ++i) {
        GradSink& sink = sinks[static_cast<std::size_t>(i) + 3];
        if (!sink.wanted()) continue;
        const Tensor samples = sums.rows(i, i + 1).reshape({shape[0], shape[2]});
        sink.deliver(stream, sum_rows(stream, samples));
    }
}

}  // namespace

void require_spiking_scan_fits(const DeviceLimits& device, std::int64_t units, DType dtype) {
    if (device.kind == DeviceKind::cpu) return;
    const std::size_t bytes = spiking_scan_shared_bytes(units, size_of(dtype));
    if (bytes <= device.shared_bytes) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("spiking_scan: {} units in {} take {} bytes of the shared memory of a "
                            "CUDA device, which has {}. Use fewer units.",
                            units, name_of(dtype), bytes, device.shared_bytes));
}

SpikingTraces spiking_scan(Context& context, const Var& projected, const Var& weight,
                           const SpikingCoefficients& coefficients, const SpikingRule& rule,
                           const Var& state) {
    const Var all[spiking_coefficients] = {coefficients.decay, coefficients.threshold,
                                           coefficients.adaptation_decay, coefficients.jump,
                                           coefficients.coupling};
    Trace trace{.rule = rule, .weight = weight.value, .start = state.value, .coefficients = {}};
    for (std::size_t i = 0; i < spiking_coefficients; ++i) {
        trace.coefficients[i] = all[i].value;
    }
    require_arguments(context.stream, trace, projected.value);
    const Tensor end = forward(context.stream, trace, projected.value, context.tape != nullptr);
    context.count(2 * projected.value.shape().size() * weight.value.shape()[1]);
    if (context.tape == nullptr) return {{trace.spikes}, {end}};
    std::vector<Var> inputs{projected, weight, state};
    inputs.insert(inputs.end(), all, all + spiking_coefficient_count(rule.adaptation));
    const std::vector<Tensor> results{trace.spikes, end};
    const std::vector<Var> outputs = context.tape->record(
        results, inputs,
        [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                   std::span<GradSink> sinks) {
            backward(stream, trace, gradients, sinks);
        });
    return {outputs[0], outputs[1]};
}

}  // namespace elm
