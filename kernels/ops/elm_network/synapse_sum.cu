#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/elm_network/synapse_sum.h"

namespace elm {
namespace {

/// Called with (sample, step) in one index, and the row.
template <class Real>
struct SumSynapsesOfRow {
    SynapseSumArgs<Real> args;

    ELM_HD void operator()(std::int64_t step, std::int64_t row) const {
        const std::int64_t sources = args.synapses.sources(), rows = args.synapses.rows();
        const Real* const input = args.input.data + step * sources;
        const Real* const gain = args.gain.data + step / args.input.extent[1] * sources;
        Real sum = 0;
        const std::int32_t end = args.synapses.row_begin(row + 1);
        for (std::int32_t i = args.synapses.row_begin(row); i < end; ++i) {
            const std::int32_t source = args.synapses.source(i);
            sum += args.weight(i) * (gain[source] * input[source]);
        }
        args.output.data[step * rows + row] = sum;
    }
};

/// Called with (sample, step) in one index, and the source.
template <class Real>
struct SumSynapsesOfSource {
    SynapseInputGradientArgs<Real> args;

    ELM_HD void operator()(std::int64_t step, std::int64_t source) const {
        const std::int64_t sources = args.synapses.sources(), rows = args.synapses.rows();
        const Real* const gradient = args.output_gradient.data + step * rows;
        Real sum = 0;
        const std::int32_t end = args.synapses.source_begin(source + 1);
        for (std::int32_t k = args.synapses.source_begin(source); k < end; ++k) {
            const std::int32_t i = args.synapses.by_source(k);
            sum += args.weight(i) * gradient[args.synapses.row(i)];
        }
        args.input_gradient.data[step * sources + source] =
            args.gain(step / args.input_gradient.extent[1], source) * sum;
    }
};

/// Called with the sample and the synapse.
template <class Real>
struct SumStepsOfSynapse {
    SynapseWeightGradientArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t i) const {
        const std::int32_t source = args.synapses.source(i), row = args.synapses.row(i);
        Real sum = 0;
        for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
            sum += args.output_gradient(sample, t, row) * args.input(sample, t, source);
        }
        args.weight_gradient(sample, i) = args.gain(sample, source) * sum;
    }
};

template <class Real>
void sum_synapses(Stream& stream, const SynapseSumArgs<Real>& args) {
    Cuda::for_each_element(stream, args.input.extent[0] * args.input.extent[1],
                           args.synapses.rows(), SumSynapsesOfRow<Real>{args});
}

template <class Real>
void sum_input_gradients(Stream& stream, const SynapseInputGradientArgs<Real>& args) {
    const auto [samples, time, sources] = args.input_gradient.extent;
    Cuda::for_each_element(stream, samples * time, sources, SumSynapsesOfSource<Real>{args});
}

template <class Real>
void sum_weight_gradients(Stream& stream, const SynapseWeightGradientArgs<Real>& args) {
    Cuda::for_each_element(stream, args.input.extent[0], args.synapses.count(),
                           SumStepsOfSynapse<Real>{args});
}

}  // namespace

template <>
void run_synapse_sum<Cuda, float>(Stream& stream, const SynapseSumArgs<float>& args) {
    sum_synapses(stream, args);
}
template <>
void run_synapse_sum<Cuda, double>(Stream& stream, const SynapseSumArgs<double>& args) {
    sum_synapses(stream, args);
}
template <>
void run_synapse_input_gradient<Cuda, float>(Stream& stream,
                                             const SynapseInputGradientArgs<float>& args) {
    sum_input_gradients(stream, args);
}
template <>
void run_synapse_input_gradient<Cuda, double>(Stream& stream,
                                              const SynapseInputGradientArgs<double>& args) {
    sum_input_gradients(stream, args);
}
template <>
void run_synapse_weight_gradient<Cuda, float>(Stream& stream,
                                              const SynapseWeightGradientArgs<float>& args) {
    sum_weight_gradients(stream, args);
}
template <>
void run_synapse_weight_gradient<Cuda, double>(Stream& stream,
                                               const SynapseWeightGradientArgs<double>& args) {
    sum_weight_gradients(stream, args);
}

}  // namespace elm
