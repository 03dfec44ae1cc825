#include "kernels/ops/scan/state_space/memory_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/scan/state_space/memory_scan_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_memory_scan, MemoryScanArgs);
ELM_DEFINE_INSTANCES(Cpu, run_memory_scan_backward, MemoryScanBackwardArgs);

namespace {

/// The table, without data where there is none.
template <class Real>
View<const Real, 3> matrices_of(const MemoryRule& rule) {
    if (rule.matrices.defined()) return view<const Real, 3>(rule.matrices);
    return {nullptr, {0, 0, 0}};
}
template <class Real>
View<const Real, 2> vectors_of(const MemoryRule& rule) {
    if (rule.vectors.defined()) return view<const Real, 2>(rule.vectors);
    return {nullptr, {0, 0}};
}

void backward(Stream& stream, const MemoryRule& rule, std::int64_t first_step,
              const Tensor& gradient, std::span<GradSink> sinks) {
    const Shape& shape = gradient.shape();
    const DType dtype = gradient.dtype();
    const Shape state{shape[0], shape[2], shape[3]};
    const Tensor input_gradient = Tensor::empty(stream, {shape[0], shape[1], shape[2]}, dtype);
    const Tensor initial_gradient = Tensor::empty(stream, state, dtype);
    const Tensor room = Tensor::empty(stream, state, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        memory_scan_backward_kernel<Real>(stream,
                                          {.matrices = matrices_of<Real>(rule),
                                           .vectors = vectors_of<Real>(rule),
                                           .alpha = rule.alpha,
                                           .longest = rule.longest,
                                           .first_step = first_step,
                                           .memory_gradient = view<const Real, 4>(gradient),
                                           .room = view<Real, 3>(room),
                                           .input_gradient = view<Real, 3>(input_gradient),
                                           .initial_gradient = view<Real, 3>(initial_gradient)});
    });
    sinks[0].deliver(stream, input_gradient);
    sinks[1].deliver(stream, initial_gradient);
}

}  // namespace

Var memory_scan(Context& context, const Var& input, const Var& initial, const MemoryRule& rule,
                std::int64_t first_step) {
    const auto [samples, steps, units] =
        require_rank<3>(input.value.shape(), "memory_scan: input (batch, time, units)");
    const std::int64_t states =
        require_rank<3>(initial.value.shape(), "memory_scan: initial (batch, units, states)")[2];
    require_shape(initial.value.shape(), {samples, units, states},
                  "memory_scan: initial (batch, units, states)");
    ELM_CHECK(states > 0, "memory_scan: 0 states, expected at least 1");
    if (rule.matrices.defined()) {
        const std::int64_t entries = require_rank<3>(
            rule.matrices.shape(), "memory_scan: matrices (entries, states, states)")[0];
        ELM_CHECK(entries > 0, "memory_scan: a table of 0 entries, expected at least 1");
        require_shape(rule.matrices.shape(), {entries, states, states},
                      "memory_scan: matrices (entries, states, states)");
        require_shape(rule.vectors.shape(), {entries, states},
                      "memory_scan: vectors (entries, states)");
    }
    const Tensor memory =
        Tensor::empty(context.stream, {samples, steps, units, states}, input.value.dtype());
    visit_real(memory.dtype(), [&]<class Real>(Real) {
        memory_scan_kernel<Real>(context.stream, {.input = view<const Real, 3>(input.value),
                                                  .initial = view<const Real, 3>(initial.value),
                                                  .matrices = matrices_of<Real>(rule),
                                                  .vectors = vectors_of<Real>(rule),
                                                  .alpha = rule.alpha,
                                                  .longest = rule.longest,
                                                  .first_step = first_step,
                                                  .memory = view<Real, 4>(memory)});
    });
    // A product and a sum of each pair of states, or two passes over the states of LegS.
    const std::int64_t each = rule.matrices.defined() ? 2 * states * (states + 1) : 14 * states;
    context.count(samples * steps * units * each);
    return record(
        context, memory, {input, initial},
        [rule, first_step](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            backward(stream, rule, first_step, gradient, sinks);
        });
}

}  // namespace elm
