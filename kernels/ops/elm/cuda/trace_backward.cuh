#pragma once

/// The adjoint of the ELM's trace filters on a CUDA device, p_t = db_t + kappa p_{t+1}, and what it
/// adds to tables, synapses and inputs. Every sum runs in an order that follows from the shapes.

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/view.h"

namespace elm::trace_backward {

inline constexpr int most_threads = 256;

template <class Real>
struct BranchArgs {
    View<Real, 3> gradient;     // (batch, time, d_b): db / p
    View<Real, 2> adjoint;      // (batch, d_b): p of the step after the last / first p
    View<const Real, 1> decay;  // (d_b)
    View<const std::int32_t, 1> row_begin, units;  // events of row (sample, step); null: dense
    View<Real, 3> table;  // (groups, n_input, d_b): p added where a unit spiked
    std::int64_t samples_per_group;
};

/// Block: a group of samples, one after another; thread: one branch after another.
template <class Real>
__global__ void __launch_bounds__(most_threads) branches_kernel(BranchArgs<Real> args) {
    const std::int64_t group = blockIdx.x, n_branch = args.adjoint.extent[1];
    const std::int64_t batch = args.adjoint.extent[0], n_steps = args.gradient.extent[1];
    const std::int64_t begin = group * args.samples_per_group;
    const std::int64_t end =
        begin + args.samples_per_group < batch ? begin + args.samples_per_group : batch;
    for (std::int64_t branch = threadIdx.x; branch < n_branch; branch += blockDim.x) {
        const Real decay = args.decay(branch);
        for (std::int64_t sample = begin; sample < end; ++sample) {
            Real p = args.adjoint(sample, branch);
            for (std::int64_t t = n_steps - 1; t >= 0; --t) {
                p = args.gradient(sample, t, branch) + decay * p;
                args.gradient(sample, t, branch) = p;
                if (args.row_begin.data == nullptr) continue;
                const std::int64_t row = sample * n_steps + t;
                for (std::int32_t at = args.row_begin(row); at < args.row_begin(row + 1); ++at) {
                    args.table(group, args.units(at), branch) += p;
                }
            }
            args.adjoint(sample, branch) = p;
        }
    }
}

template <class Real>
struct SynapseArgs {
    View<const Real, 3> gradient;  // (batch, time, d_b): db
    View<const Real, 3> input;     // (batch, all steps, n_input), from step input_begin
    View<const std::int32_t, 1> target_begin, target;  // synapses of input i, in compressed rows
    View<const Real, 1> weight, decay;                 // (d_s), without the sign of the input
    View<Real, 2> adjoint;                             // (batch, d_s): as of branches
    View<Real, 2> weight_gradient;                     // (batch, d_s): added to
    View<Real, 3> input_gradient;  // (batch, all steps, n_input), from step begin; or null data
    std::int64_t input_begin, begin, synapses_per_branch;
};

/// One input of one sample: its synapses one after another, each through all steps.
template <class Real>
struct SynapsesOfInput {
    SynapseArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t input) const {
        const std::int64_t n_steps = args.gradient.extent[1];
        const bool wanted = args.input_gradient.data != nullptr;
        const std::int32_t begin = args.target_begin(input), end = args.target_begin(input + 1);
        if (wanted) {
            for (std::int64_t t = 0; t < n_steps; ++t) {
                args.input_gradient(sample, args.begin + t, input) = 0;
            }
        }
        for (std::int32_t at = begin; at < end; ++at) {
            const std::int64_t s = args.target(at), branch = s / args.synapses_per_branch;
            const Real decay = args.decay(s), weight = args.weight(s);
            Real p = args.adjoint(sample, s), sum = args.weight_gradient(sample, s);
            for (std::int64_t t = n_steps - 1; t >= 0; --t) {
                p = args.gradient(sample, t, branch) + decay * p;
                sum += args.input(sample, args.input_begin + t, input) * p;
                if (wanted) args.input_gradient(sample, args.begin + t, input) += weight * p;
            }
            args.adjoint(sample, s) = p;
            args.weight_gradient(sample, s) = sum;
        }
    }
};

}  // namespace elm::trace_backward
