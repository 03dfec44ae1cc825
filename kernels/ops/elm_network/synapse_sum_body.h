#pragma once

#include "kernels/ops/elm_network/synapse_sum.h"

namespace elm {

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

template <class Backend, class Real>
void run_synapse_sum(Stream& stream, const SynapseSumArgs<Real>& args) {
    Backend::for_each_element(stream, args.input.extent[0] * args.input.extent[1],
                              args.synapses.rows(), SumSynapsesOfRow<Real>{args});
}

template <class Backend, class Real>
void run_synapse_input_gradient(Stream& stream, const SynapseInputGradientArgs<Real>& args) {
    Backend::for_each_element(stream, args.input_gradient.extent[0] * args.input_gradient.extent[1],
                              args.synapses.sources(), SumSynapsesOfSource<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_synapse_sum, SynapseSumArgs);
ELM_DECLARE_CUDA_INSTANCES(run_synapse_input_gradient, SynapseInputGradientArgs);

}  // namespace elm
