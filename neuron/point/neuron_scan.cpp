#include "neuron/point/neuron_scan.h"

#include <array>
#include <cmath>
#include <type_traits>

#include "kernels/autograd/context.h"
#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/sum.h"
#include "neuron/point/neuron_scan_body.h"

namespace elm {

namespace {

/// Neighbouring neurons as the lanes of a vector. Functions of the library take one at a time.
template <class R>
struct NeighbouringNeurons {
    using Real = R;
    static constexpr int width = lanes::native<R>;
    using Value = lanes::Vec<R, width>;

    ELM_INLINE static Value load(const R* from) { return lanes::load<R, width>(from); }
    ELM_INLINE static void store(R* to, const Value& value) { lanes::store<R, width>(to, value); }
    ELM_INLINE static Value gather(const R* from, std::int64_t stride) {
        Value value;
        for (int lane = 0; lane < width; ++lane) value[lane] = from[lane * stride];
        return value;
    }
    ELM_INLINE static void scatter(R* to, std::int64_t stride, const Value& value) {
        for (int lane = 0; lane < width; ++lane) to[lane * stride] = value[lane];
    }
    template <class Mask>
    ELM_INLINE static Value select(const Mask& condition, const Value& yes, const Value& no) {
        return condition ? yes : no;
    }
    ELM_INLINE static Value derivative(const SurrogateOf<R>& surrogate, const Value& x) {
        // One loop for each kind, so that those of arithmetic alone are vectors.
        const auto of_kind = [&]<SurrogateKind kind>() {
            return each(x, [own = SurrogateOf<R>{kind, surrogate.width, surrogate.height}](R lane) {
                return own.derivative(lane);
            });
        };
        switch (surrogate.kind) {
            case SurrogateKind::fast_sigmoid:
                return of_kind.template operator()<SurrogateKind::fast_sigmoid>();
            case SurrogateKind::triangle:
                return of_kind.template operator()<SurrogateKind::triangle>();
            case SurrogateKind::arctan:
                return of_kind.template operator()<SurrogateKind::arctan>();
            case SurrogateKind::gaussian:
                return of_kind.template operator()<SurrogateKind::gaussian>();
        }
        return Value{};
    }
    ELM_INLINE static Value smooth_step(const SurrogateOf<R>& surrogate, const Value& x) {
        return each(x, [&](R lane) { return surrogate.smooth_step(lane); });
    }

private:
    template <class Body>
    ELM_INLINE static Value each(const Value& x, const Body& body) {
        R values[width];
        store(values, x);
        for (R& value : values) value = body(value);
        return load(values);
    }
};

/// Whole vectors of neurons, and the last ones of a sample one by one: the same operations.
template <template <class> class Scan, class Args>
void scan_on_cpu(const Args& args, std::int64_t samples, std::int64_t neurons) {
    using Real = std::remove_cvref_t<decltype(args.voltage.data[0])>;
    using Vectors = NeighbouringNeurons<Real>;
    const std::int64_t blocks = (neurons + Vectors::width - 1) / Vectors::width;
    Cpu::for_each_task(samples * blocks, [&](std::int64_t task) {
        const std::int64_t sample = task / blocks, first = task % blocks * Vectors::width;
        if (first + Vectors::width <= neurons) return Scan<Vectors>{args}(sample, first);
        for (std::int64_t neuron = first; neuron < neurons; ++neuron) {
            Scan<OneNeuron<Real>>{args}(sample, neuron);
        }
    });
}

template <class Real>
void forward_on_cpu(const NeuronScanArgs<Real>& args) {
    scan_on_cpu<NeuronScanForward>(args, args.current.extent[0], args.current.extent[2]);
}
template <class Real>
void backward_on_cpu(const NeuronScanBackwardArgs<Real>& args) {
    scan_on_cpu<NeuronScanBackward>(args, args.voltage.extent[0], args.voltage.extent[2]);
}

}  // namespace

template <>
void run_neuron_scan<Cpu, float>(Stream&, const NeuronScanArgs<float>& args) {
    forward_on_cpu(args);
}
template <>
void run_neuron_scan<Cpu, double>(Stream&, const NeuronScanArgs<double>& args) {
    forward_on_cpu(args);
}
template <>
void run_neuron_scan_backward<Cpu, float>(Stream&, const NeuronScanBackwardArgs<float>& args) {
    backward_on_cpu(args);
}
template <>
void run_neuron_scan_backward<Cpu, double>(Stream&, const NeuronScanBackwardArgs<double>& args) {
    backward_on_cpu(args);
}

namespace {

constexpr auto n_weights = static_cast<std::size_t>(neuron_scan_weights);
using Weights = std::array<Tensor, n_weights>;  // in the order of NeuronScanWeights
constexpr std::array<const char*, n_weights> names = {
    "decay", "threshold", "resting", "reset", "adaptation_decay", "adaptation_strength"};

template <class T, int Rank>
View<T, Rank> view_or_none(const Tensor& tensor) {
    if (!tensor.defined()) return {nullptr, {}};
    return view<T, Rank>(tensor);
}

template <class Real>
NeuronScanWeights<Real> views_of(const Weights& weights) {
    const auto at = [&](std::size_t i) { return view_or_none<const Real, 1>(weights[i]); };
    return {at(0), at(1), at(2), at(3), at(4), at(5)};
}

template <class Real>
SpikeRuleOf<Real> rule_of(const SpikeRule& rule) {
    return {{rule.surrogate.kind, static_cast<Real>(rule.surrogate.width),
             static_cast<Real>(rule.surrogate.height)},
            rule.refractory_steps,
            rule.detach_reset,
            rule.smooth};
}

void check(const Weights& weights, std::int64_t neurons, const SpikeRule& rule) {
    for (std::size_t i = 0; i < n_weights; ++i) {
        if (i >= 3 && !weights[i].defined()) continue;
        ELM_CHECK(weights[i].defined(), "neuron_scan: {} (neurons) is missing", names[i]);
        require_shape(weights[i].shape(), {neurons},
                      fmt::format("neuron_scan: {} (neurons)", names[i]));
    }
    ELM_CHECK(weights[4].defined() == weights[5].defined(),
              "neuron_scan: an adaptive threshold needs both adaptation_decay and "
              "adaptation_strength; leave out both for a constant one");
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

struct Saved {
    Weights weights;
    SpikeRule rule;
    Tensor start, voltage, spikes, distance, adaptation;
};

void backward(Stream& stream, const Saved& saved, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape& shape = saved.voltage.shape();
    const DType dtype = saved.voltage.dtype();
    const Tensor current = Tensor::empty(stream, shape, dtype);
    const Tensor weights = Tensor::empty(stream, {neuron_scan_weights, shape[0], shape[2]}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        neuron_scan_backward_kernel<Real>(
            stream,
            {views_of<Real>(saved.weights), rule_of<Real>(saved.rule),
             view_or_none<const Real, 3>(saved.start), view<const Real, 3>(saved.voltage),
             view<const Real, 3>(saved.spikes), view<const Real, 3>(saved.distance),
             view_or_none<const Real, 3>(saved.adaptation), view<const Real, 3>(gradients[0]),
             view<const Real, 3>(gradients[1]), view<const Real, 3>(gradients[2]),
             view<Real, 3>(current), view<Real, 3>(weights)});
    });
    sinks[0].deliver(stream, current);
    for (std::int64_t i = 0; i < neuron_scan_weights; ++i) {
        GradSink& sink = sinks[static_cast<std::size_t>(i) + 1];
        if (!sink.wanted()) continue;
        const Tensor samples = weights.rows(i, i + 1).reshape({shape[0], shape[2]});
        sink.deliver(stream, sum_rows(stream, samples));
    }
}

}  // namespace

NeuronTraces neuron_scan(Context& context, const Var& current,
                         const NeuronScanParameters& parameters, const SpikeRule& rule,
                         Tensor* state) {
    const Shape& shape = current.value.shape();
    require_rank_is(shape, 3, "neuron_scan: current (batch, time, neurons)");
    Saved saved{{parameters.decay.value, parameters.threshold.value, parameters.resting.value,
                 parameters.reset.value, parameters.adaptation_decay.value,
                 parameters.adaptation_strength.value},
                rule,
                state == nullptr ? Tensor{} : *state,
                {},
                {},
                {},
                {}};
    check(saved.weights, shape[2], rule);
    const Shape states{shape[0], shape[2], neuron_scan_states};
    if (saved.start.defined()) {
        require_shape(saved.start.shape(), states, "neuron_scan: state (batch, neurons, 4)");
    }
    const DType dtype = current.value.dtype();
    for (Tensor* const trace : {&saved.voltage, &saved.spikes, &saved.distance}) {
        *trace = Tensor::empty(context.stream, shape, dtype);
    }
    if (context.tape != nullptr && parameters.adaptation_decay.value.defined()) {
        saved.adaptation = Tensor::empty(context.stream, shape, dtype);
    }
    const Tensor end = state == nullptr ? Tensor{} : Tensor::empty(context.stream, states, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        neuron_scan_kernel<Real>(
            context.stream,
            {view<const Real, 3>(current.value), views_of<Real>(saved.weights), rule_of<Real>(rule),
             view_or_none<const Real, 3>(saved.start), view<Real, 3>(saved.voltage),
             view<Real, 3>(saved.spikes), view<Real, 3>(saved.distance),
             view_or_none<Real, 3>(saved.adaptation), view_or_none<Real, 3>(end)});
    });
    if (state != nullptr) *state = end;
    const std::vector<Var> traces =
        record(context, {saved.voltage, saved.spikes, saved.distance},
               {current, parameters.decay, parameters.threshold, parameters.resting,
                parameters.reset, parameters.adaptation_decay, parameters.adaptation_strength},
               [saved](Stream& stream, std::span<const Tensor> gradients,
                       std::span<GradSink> sinks) { backward(stream, saved, gradients, sinks); });
    return {traces[0], traces[1], traces[2]};
}

}  // namespace elm
