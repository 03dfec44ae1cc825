#include "kernels/ops/elm_network/synapse_sum.h"

#include <memory>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/elm_network/spike_synapse_sum.h"

namespace elm {

namespace {

/// What a sum leaves behind.
struct Trace {
    Synapses synapses;
    Tensor weight, gain;
    Tensor input = {};  // one of the two
    std::shared_ptr<const SpikeTrain> spikes = {};
};

void require_arguments(Trace& trace, Stream& stream, std::int64_t samples, std::int64_t sources) {
    ELM_CHECK(sources == trace.synapses.sources(),
              "synapse_sum: the input has {} channels, expected {}, as the synapses have sources",
              sources, trace.synapses.sources());
    require_shape(trace.weight.shape(), {trace.synapses.count()}, "synapse_sum: weight (synapses)");
    if (!trace.gain.defined()) {
        trace.gain = visit_real(trace.weight.dtype(), [&]<class Real>(Real) {
            const std::vector<Real> ones(static_cast<std::size_t>(samples * sources), Real(1));
            return Tensor::from<Real>(stream, {samples, sources}, ones);
        });
    }
    require_shape(trace.gain.shape(), {samples, sources}, "synapse_sum: gain (batch, sources)");
}

Var dense(Context& context, Trace trace, const Var& input, const Var& weight) {
    const Shape& shape = input.value.shape();
    const Tensor output =
        Tensor::empty(context.stream, shape.with(2, trace.synapses.rows()), weight.value.dtype());
    trace.input = input.value;
    context.count(2 * shape[0] * shape[1] * weight.value.shape().size());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        synapse_sum_kernel<Real>(
            context.stream, {trace.synapses.view(), view<const Real, 3>(trace.input),
                             view<const Real, 2>(trace.gain), view<const Real, 1>(trace.weight),
                             view<Real, 3>(output)});
    });
    return record(context, output, {input, weight},
                  [trace = std::move(trace)](Stream& stream, const Tensor& gradient,
                                             std::span<GradSink> sinks) {
                      visit_real(gradient.dtype(), [&]<class Real>(Real) {
                          const auto gradients = view<const Real, 3>(gradient);
                          const auto gain = view<const Real, 2>(trace.gain);
                          const SynapsesView synapses = trace.synapses.view();
                          if (sinks[0].wanted()) {
                              const Tensor result =
                                  Tensor::empty(stream, trace.input.shape(), gradient.dtype());
                              synapse_input_gradient_kernel<Real>(
                                  stream, {synapses, gain, view<const Real, 1>(trace.weight),
                                           gradients, view<Real, 3>(result)});
                              sinks[0].deliver(stream, result);
                          }
                          if (sinks[1].wanted()) {
                              const Tensor parts = Tensor::empty(
                                  stream, {trace.input.shape()[0], trace.synapses.count()},
                                  gradient.dtype());
                              synapse_weight_gradient_kernel<Real>(
                                  stream, {synapses, view<const Real, 3>(trace.input), gain,
                                           gradients, view<Real, 2>(parts)});
                              sinks[1].deliver(stream, sum_rows(stream, parts));
                          }
                      });
                  });
}

}  // namespace

Var synapse_sum(Context& context, const Synapses& synapses, const Var& input, const Var& weight,
                const Tensor& gain) {
    Trace trace{synapses, weight.value, gain};
    const auto [samples, steps, sources] =
        require_rank<3>(input.value.shape(), "synapse_sum: input (batch, time, sources)");
    require_arguments(trace, context.stream, samples, sources);
    return dense(context, std::move(trace), input, weight);
}

Var synapse_sum(Context& context, const Synapses& synapses, const SpikeTrain& spikes,
                const Var& weight, const Tensor& gain) {
    Trace trace{synapses, weight.value, gain};
    require_arguments(trace, context.stream, spikes.n_samples, spikes.n_units);
    const DType dtype = weight.value.dtype();
    if (context.stream.device().kind != DeviceKind::cpu) {
        return dense(context, std::move(trace), {to_dense(context.stream, spikes, dtype)}, weight);
    }
    spikes.check();
    const Tensor output =
        Tensor::empty(context.stream, {spikes.n_samples, spikes.n_steps, synapses.rows()}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        sum_spikes<Real>(spikes, synapses.view(), view<const Real, 2>(trace.gain),
                         view<const Real, 1>(trace.weight), view<Real, 3>(output));
    });
    if (context.tape != nullptr) trace.spikes = std::make_shared<const SpikeTrain>(spikes);
    return record(context, output, {weight},
                  [trace = std::move(trace)](Stream& stream, const Tensor& gradient,
                                             std::span<GradSink> sinks) {
                      if (!sinks[0].wanted()) return;
                      const Tensor parts =
                          Tensor::empty(stream, {trace.spikes->n_samples, trace.synapses.count()},
                                        gradient.dtype());
                      visit_real(gradient.dtype(), [&]<class Real>(Real) {
                          sum_spike_gradients<Real>(
                              *trace.spikes, trace.synapses.view(), view<const Real, 2>(trace.gain),
                              view<const Real, 3>(gradient), view<Real, 2>(parts));
                      });
                      sinks[0].deliver(stream, sum_rows(stream, parts));
                  });
}

}  // namespace elm
