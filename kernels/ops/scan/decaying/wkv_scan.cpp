#include "kernels/ops/scan/decaying/wkv_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/scan/decaying/wkv_scan_body.h"

namespace elm {
namespace {

struct Trace {
    Tensor decay, bonus, key, value, output, states;
};

void backward(Stream& stream, const Trace& trace, const Tensor& gradient,
              std::span<GradSink> sinks) {
    const Shape& shape = trace.key.shape();
    const DType dtype = trace.key.dtype();
    const Shape of_samples{shape[0], shape[2]};
    const Tensor decay = Tensor::empty(stream, of_samples, dtype);
    const Tensor bonus = Tensor::empty(stream, of_samples, dtype);
    const Tensor key = Tensor::empty(stream, shape, dtype);
    const Tensor value = Tensor::empty(stream, shape, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        wkv_scan_backward_kernel<Real>(stream, {.decay = view<const Real, 1>(trace.decay),
                                                .bonus = view<const Real, 1>(trace.bonus),
                                                .key = view<const Real, 3>(trace.key),
                                                .value = view<const Real, 3>(trace.value),
                                                .output = view<const Real, 3>(trace.output),
                                                .states = view<const Real, 4>(trace.states),
                                                .output_gradient = view<const Real, 3>(gradient),
                                                .key_gradient = view<Real, 3>(key),
                                                .value_gradient = view<Real, 3>(value),
                                                .decay_gradient = view<Real, 2>(decay),
                                                .bonus_gradient = view<Real, 2>(bonus)});
    });
    if (sinks[0].wanted()) sinks[0].deliver(stream, sum_rows(stream, decay));
    if (sinks[1].wanted()) sinks[1].deliver(stream, sum_rows(stream, bonus));
    sinks[2].deliver(stream, key);
    sinks[3].deliver(stream, value);
}

}  // namespace

Tensor empty_wkv_state(Stream& stream, std::int64_t batch, std::int64_t units, DType dtype) {
    return tabulate(stream, {batch, 3, units}, dtype, [units](std::int64_t at) {
        return units > 0 && at / units % 3 == 2 ? no_exponent : 0;
    });
}

Var wkv_scan(Context& context, const Var& decay, const Var& bonus, const Var& key, const Var& value,
             const Tensor& initial, Tensor* final) {
    const auto [batch, steps, units] =
        require_rank<3>(key.value.shape(), "wkv_scan: key (batch, time, units)");
    require_shape(value.value.shape(), {batch, steps, units},
                  "wkv_scan: value (batch, time, units)");
    require_shape(decay.value.shape(), {units}, "wkv_scan: decay (units)");
    require_shape(bonus.value.shape(), {units}, "wkv_scan: bonus (units)");
    require_shape(initial.shape(), {batch, 3, units}, "wkv_scan: initial (batch, 3, units)");
    const DType dtype = key.value.dtype();
    const bool keeps = context.tape != nullptr;
    Trace trace{.decay = decay.value,
                .bonus = bonus.value,
                .key = key.value,
                .value = value.value,
                .output = Tensor::empty(context.stream, {batch, steps, units}, dtype),
                .states = keeps ? Tensor::empty(context.stream, {batch, steps, 3, units}, dtype)
                                : Tensor{}};
    const Tensor last = Tensor::empty(context.stream, {batch, 3, units}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        wkv_scan_kernel<Real>(
            context.stream,
            {.decay = view<const Real, 1>(trace.decay),
             .bonus = view<const Real, 1>(trace.bonus),
             .key = view<const Real, 3>(trace.key),
             .value = view<const Real, 3>(trace.value),
             .initial = view<const Real, 3>(initial),
             .output = view<Real, 3>(trace.output),
             .states = keeps ? view<Real, 4>(trace.states) : View<Real, 4>{nullptr, {0, 0, 0, 0}},
             .final = view<Real, 3>(last)});
    });
    if (final != nullptr) *final = last;
    const Tensor output = trace.output;
    return record(context, output, {decay, bonus, key, value},
                  [trace = std::move(trace)](Stream& stream, const Tensor& gradient,
                                             std::span<GradSink> sinks) {
                      backward(stream, trace, gradient, sinks);
                  });
}

}  // namespace elm
