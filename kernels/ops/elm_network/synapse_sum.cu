#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/elm_network/synapse_sum_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_synapse_sum, SynapseSumArgs);
ELM_DEFINE_INSTANCES(Cuda, run_synapse_input_gradient, SynapseInputGradientArgs);

namespace {

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
void run_weight_gradient(Stream& stream, const SynapseWeightGradientArgs<Real>& args) {
    Cuda::for_each_element(stream, args.input.extent[0], args.synapses.count(),
                           SumStepsOfSynapse<Real>{args});
}

}  // namespace

template <>
void run_synapse_weight_gradient<Cuda, float>(Stream& stream,
                                              const SynapseWeightGradientArgs<float>& args) {
    run_weight_gradient(stream, args);
}
template <>
void run_synapse_weight_gradient<Cuda, double>(Stream& stream,
                                               const SynapseWeightGradientArgs<double>& args) {
    run_weight_gradient(stream, args);
}

}  // namespace elm
