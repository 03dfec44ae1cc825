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

}  // namespace

#define ELM_SYNAPSE_SUMS(Real)                                                                   \
    template <>                                                                                  \
    void run_synapse_sum<Cuda, Real>(Stream & stream, const SynapseSumArgs<Real>& args) {        \
        Cuda::for_each_element(stream, args.input.extent[0] * args.input.extent[1],              \
                               args.synapses.rows(), SumSynapsesOfRow<Real>{args});              \
    }                                                                                            \
    template <>                                                                                  \
    void run_synapse_input_gradient<Cuda, Real>(Stream & stream,                                 \
                                                const SynapseInputGradientArgs<Real>& args) {    \
        const auto [samples, time, sources] = args.input_gradient.extent;                        \
        Cuda::for_each_element(stream, samples* time, sources, SumSynapsesOfSource<Real>{args}); \
    }                                                                                            \
    template <>                                                                                  \
    void run_synapse_weight_gradient<Cuda, Real>(Stream & stream,                                \
                                                 const SynapseWeightGradientArgs<Real>& args) {  \
        Cuda::for_each_element(stream, args.input.extent[0], args.synapses.count(),              \
                               SumStepsOfSynapse<Real>{args});                                   \
    }
ELM_SYNAPSE_SUMS(float)
ELM_SYNAPSE_SUMS(double)
#undef ELM_SYNAPSE_SUMS

}  // namespace elm
