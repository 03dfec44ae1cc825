#include "neuron/point/neuron_scan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/optional_view.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "neuron/point/neighbouring_neurons.h"
#include "neuron/point/neuron_registry.h"
#include "neuron/point/neuron_scan_body.h"

namespace elm {

namespace {

/// Neighbouring neurons of a scan. Functions of the library take one at a time.
template <class R>
struct ScannedNeighbours : NeighbouringNeurons<R> {
    using typename NeighbouringNeurons<R>::Value;
    using NeighbouringNeurons<R>::width;
    using NeighbouringNeurons<R>::each;

    ELM_INLINE static Value gather(const R* from, std::int64_t stride) {
        Value value;
        for (int lane = 0; lane < width; ++lane) value[lane] = from[lane * stride];
        return value;
    }
    ELM_INLINE static void scatter(R* to, std::int64_t stride, const Value& value) {
        for (int lane = 0; lane < width; ++lane) to[lane * stride] = value[lane];
    }
    /// With the exp of one neuron, so that bits do not depend on its neighbours.
    ELM_INLINE static Value derivative(const SurrogateOf<R>& surrogate, const Value& x) {
        struct Library : NeighbouringNeurons<R> {
            ELM_INLINE static Value exp(const Value& exponent) {
                return each(exponent, [](R lane) { return std::exp(lane); });
            }
        };
        return surrogate.template derivative_of<Library>(x);
    }
    ELM_INLINE static Value smooth_step(const SurrogateOf<R>& surrogate, const Value& x) {
        return each(x, [&](R lane) { return surrogate.smooth_step(lane); });
    }
};

/// Whole vectors of neurons, and the last ones of a sample one by one: the same operations.
template <class Neuron, template <class, class> class Scan, class Args>
void scan_on_cpu(const Args& args, std::int64_t samples, std::int64_t neurons) {
    using Real = std::remove_cvref_t<decltype(args.voltage.data[0])>;
    using Vectors = ScannedNeighbours<Real>;
    const std::int64_t blocks = (neurons + Vectors::width - 1) / Vectors::width;
    Cpu::for_each_task(samples * blocks, [&](std::int64_t task) {
        const std::int64_t sample = task / blocks, first = task % blocks * Vectors::width;
        if (first + Vectors::width <= neurons) {
            return Scan<Neuron, Vectors>{args}(sample, first);
        }
        for (std::int64_t neuron = first; neuron < neurons; ++neuron) {
            Scan<Neuron, OneNeuron<Real>>{args}(sample, neuron);
        }
    });
}

}  // namespace

/// The scans of a neuron without gradient are empty: nothing can call them.
template <class Neuron, class Real>
void neuron_scan_on_cpu(Stream&, const NeuronScanArgs<Neuron, Real>& args) {
    if constexpr (TrainableNeuron<Neuron>) {
        scan_on_cpu<Neuron, NeuronScanForward>(args, args.current.extent[0],
                                               args.current.extent[2]);
    }
}
template <class Neuron, class Real>
void neuron_scan_backward_on_cpu(Stream&, const NeuronScanBackwardArgs<Neuron, Real>& args) {
    if constexpr (TrainableNeuron<Neuron>) {
        scan_on_cpu<Neuron, NeuronScanBackward>(args, args.voltage.extent[0],
                                                args.voltage.extent[2]);
    }
}

namespace {

template <class Real>
SpikeRuleOf<Real> rule_of(const SpikeRule& rule) {
    return {{rule.surrogate.kind, static_cast<Real>(rule.surrogate.width),
             static_cast<Real>(rule.surrogate.height)},
            rule.refractory_steps,
            rule.detach_reset,
            rule.smooth,
            rule.reset};
}

void check(const SpikeRule& rule) {
    ELM_CHECK(rule.surrogate.width > 0 && std::isfinite(rule.surrogate.width) &&
                  std::isfinite(rule.surrogate.height),
              "neuron_scan: a surrogate of width {} and height {}, expected a positive width and "
              "finite numbers",
              rule.surrogate.width, rule.surrogate.height);
    ELM_CHECK(rule.refractory_steps >= 0, "neuron_scan: {} refractory steps, expected at least 0",
              rule.refractory_steps);
    ELM_CHECK(!rule.smooth || rule.refractory_steps == 0,
              "neuron_scan: smooth spikes have no refractory time (got {} steps)",
              rule.refractory_steps);
}

/// Scan of one kind of neuron on the tape.
template <class Neuron>
struct Scan {
    static constexpr auto n_coefficients = static_cast<std::size_t>(coefficient_count<Neuron>);
    std::array<Tensor, n_coefficients> coefficients;  // those without meaning are undefined
    SpikeRule rule;
    Tensor start, current, voltage, spikes, distance, hidden;

    void check_shapes(std::int64_t neurons) const {
        check(rule);
        ELM_CHECK(std::find(std::begin(Neuron::resets), std::end(Neuron::resets), rule.reset) !=
                      std::end(Neuron::resets),
                  "neuron_scan: a neuron {} has no reset {}", Neuron::name, reset_name(rule.reset));
        for (std::size_t i = 0; i < n_coefficients; ++i) {
            const NeuronCoefficient& is = Neuron::coefficients[i];
            if (is.only_to_value && rule.reset == ResetKind::by_subtraction) {
                ELM_CHECK(!coefficients[i].defined(),
                          "neuron_scan: {} has no meaning with reset by subtraction; leave it out",
                          is.name);
                continue;
            }
            ELM_CHECK(coefficients[i].defined(), "neuron_scan: {} (neurons) is missing", is.name);
            require_shape(coefficients[i].shape(), {neurons},
                          fmt::format("neuron_scan: {} (neurons)", is.name));
        }
    }

    template <class Args>
    void set_coefficients(Args& args) const {
        using Real = std::remove_cvref_t<decltype(args.voltage.data[0])>;
        for (std::size_t i = 0; i < n_coefficients; ++i) {
            args.coefficients[i] = view_or_none<const Real, 1>(coefficients[i]);
        }
    }

    void forward(Stream& stream, const Tensor& input, const Tensor& end) const {
        visit_real(input.dtype(), [&]<class Real>(Real) {
            NeuronScanArgs<Neuron, Real> args{
                view<const Real, 3>(input),   {},
                rule_of<Real>(rule),          view_or_none<const Real, 3>(start),
                view<Real, 3>(voltage),       view<Real, 3>(spikes),
                view<Real, 3>(distance),      view_or_none<Real, 3>(end),
                view_or_none<Real, 4>(hidden)};
            set_coefficients(args);
            neuron_scan_kernel<Neuron, Real>(stream, args);
        });
    }

    void backward(Stream& stream, std::span<const Tensor> gradients,
                  std::span<GradSink> sinks) const {
        const Shape& shape = voltage.shape();
        const DType dtype = voltage.dtype();
        const Tensor of_current = Tensor::empty(stream, shape, dtype);
        const Tensor sums =
            Tensor::empty(stream, {coefficient_count<Neuron>, shape[0], shape[2]}, dtype);
        visit_real(dtype, [&]<class Real>(Real) {
            NeuronScanBackwardArgs<Neuron, Real> args{{},
                                                      rule_of<Real>(rule),
                                                      view_or_none<const Real, 3>(start),
                                                      view_or_none<const Real, 3>(current),
                                                      view<const Real, 3>(voltage),
                                                      view<const Real, 3>(spikes),
                                                      view<const Real, 3>(distance),
                                                      view_or_none<const Real, 4>(hidden),
                                                      view<const Real, 3>(gradients[0]),
                                                      view<const Real, 3>(gradients[1]),
                                                      view<const Real, 3>(gradients[2]),
                                                      view<Real, 3>(of_current),
                                                      view<Real, 3>(sums)};
            set_coefficients(args);
            neuron_scan_backward_kernel<Neuron, Real>(stream, args);
        });
        sinks[0].deliver(stream, of_current);
        for (std::int64_t i = 0; i < coefficient_count<Neuron>; ++i) {
            GradSink& sink = sinks[static_cast<std::size_t>(i) + 1];
            if (!sink.wanted()) continue;
            const Tensor samples = sums.rows(i, i + 1).reshape({shape[0], shape[2]});
            sink.deliver(stream, sum_rows(stream, samples));
        }
    }
};

template <class Neuron>
NeuronTraces run_scan(Context& context, const Var& current, std::vector<Var> inputs,
                      const SpikeRule& rule, Tensor* state) {
    const Shape& shape = current.value.shape();
    require_rank_is(shape, 3, "neuron_scan: current (batch, time, neurons)");
    Scan<Neuron> scan{};
    for (std::size_t i = 0; i < inputs.size(); ++i) scan.coefficients[i] = inputs[i].value;
    scan.rule = rule;
    if (state != nullptr) scan.start = *state;
    scan.check_shapes(shape[2]);
    const Shape states{shape[0], shape[2], neuron_scan_states<Neuron>};
    if (scan.start.defined()) {
        require_shape(
            scan.start.shape(), states,
            fmt::format("neuron_scan: state (batch, neurons, {})", neuron_scan_states<Neuron>));
    }
    const DType dtype = current.value.dtype();
    for (Tensor* const trace : {&scan.voltage, &scan.spikes, &scan.distance}) {
        *trace = Tensor::empty(context.stream, shape, dtype);
    }
    if (context.tape != nullptr && state_count < Neuron >> 1) {
        scan.hidden = Tensor::empty(context.stream,
                                    {state_count<Neuron> - 1, shape[0], shape[1], shape[2]}, dtype);
    }
    const Tensor end = state == nullptr ? Tensor{} : Tensor::empty(context.stream, states, dtype);
    scan.forward(context.stream, current.value, end);
    if (state != nullptr) *state = end;
    if (context.tape == nullptr) return {{scan.voltage}, {scan.spikes}, {scan.distance}};
    if (Neuron::gradient_needs_input) scan.current = current.value;
    inputs.insert(inputs.begin(), current);
    const std::vector<Var> traces = context.tape->record(
        {scan.voltage, scan.spikes, scan.distance}, inputs,
        [scan](Stream& stream, std::span<const Tensor> gradients, std::span<GradSink> sinks) {
            scan.backward(stream, gradients, sinks);
        });
    return {traces[0], traces[1], traces[2]};
}

}  // namespace

namespace detail {

template <class Neuron>
NeuronTraces neuron_scan_of(Context& context, const Var& current,
                            const typename Neuron::template Coefficients<Var>& coefficients,
                            const SpikeRule& rule, Tensor* state) {
    if constexpr (TrainableNeuron<Neuron>) {
        std::vector<Var> inputs;
        Neuron::template Coefficients<Var>::each(
            coefficients, [&](const Var& coefficient) { inputs.push_back(coefficient); });
        return run_scan<Neuron>(context, current, std::move(inputs), rule, state);
    }
    return {};  // nothing can call it
}

}  // namespace detail

#define ELM_ENTRY(id)                                          \
    ELM_NEURON_SCAN_INSTANCES(cpu, id##_neuron)                \
    template NeuronTraces detail::neuron_scan_of<id##_neuron>( \
        Context&, const Var&, const id##_neuron::Coefficients<Var>&, const SpikeRule&, Tensor*);
#include "neuron/point/neurons.def"
#undef ELM_ENTRY

}  // namespace elm
