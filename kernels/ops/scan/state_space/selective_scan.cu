#include "kernels/ops/scan/state_space/selective_scan.h"

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/scan/state_space/state_lanes.cuh"

/// A thread holds one state of one channel; the threads of a channel are neighbours in a warp. They
/// add up over the states by shuffles, over the channels of a block through shared memory, both in
/// a fixed order. Threads without a channel or a state go along with zeros.
namespace elm {
namespace {

constexpr int block_threads = state_lanes_block;
using Place = StatePlace;

template <class Real>
__global__ void __launch_bounds__(block_threads)
    scan_kernel(SelectiveScanArgs<Real> args, int lanes) {
    const Place at(lanes, args.input.extent[2], args.rate.extent[0]);
    const bool leads = at.holds && at.state == 0;
    const Real rate = args.rate(at.state, at.channel), skip = args.skip(at.channel);
    Real state = at.holds ? args.initial(at.sample, at.state, at.channel) : Real(0);
    for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
        if (at.holds && t % selective_scan_segment == 0) {
            args.segment_starts(at.sample, t / selective_scan_segment, at.state, at.channel) =
                state;
        }
        const Real u = args.input(at.sample, t, at.channel);
        const Real delta = args.delta(at.sample, t, at.channel);
        state = exp(delta * rate) * state + delta * u * args.input_weight(at.sample, t, at.state);
        const Real part = at.holds ? args.output_weight(at.sample, t, at.state) * state : Real(0);
        const Real sum = sum_over_states(part, lanes);
        if (leads) args.output(at.sample, t, at.channel) = sum + skip * u;
    }
    if (at.holds) args.final(at.sample, at.state, at.channel) = state;
}

/// Shares of the threads of a block in the gradients of B and C at one step, added up over its
/// channels. All threads call it; `parts` is shared, two for each thread.
template <class Real>
__device__ void add_over_channels(const SelectiveScanBackwardArgs<Real>& args, std::int64_t t,
                                  int lanes, Real b_part, Real c_part, Real* parts) {
    parts[threadIdx.x] = b_part;
    parts[block_threads + threadIdx.x] = c_part;
    __syncthreads();
    const std::int64_t states = args.rate.extent[0];
    const auto which = threadIdx.x / static_cast<unsigned>(lanes);
    const std::int64_t n = threadIdx.x % static_cast<unsigned>(lanes);
    if (which < 2 && n < states) {
        Real sum = 0;
        for (std::int64_t i = n; i < block_threads; i += lanes) {
            sum += parts[which * block_threads + static_cast<unsigned>(i)];
        }
        const auto& result = which == 0 ? args.input_weight_gradient : args.output_weight_gradient;
        result(std::int64_t{blockIdx.y}, std::int64_t{blockIdx.x}, t, n) = sum;
    }
    __syncthreads();
}

template <class Real>
__global__ void __launch_bounds__(block_threads)
    scan_backward_kernel(SelectiveScanBackwardArgs<Real> args, int lanes) {
    constexpr int segment = static_cast<int>(selective_scan_segment);
    Real* const parts = dynamic_shared<Real>((2 + segment + 1) * block_threads);
    Real* const trace = parts + 2 * block_threads + threadIdx.x;  // of this thread, step by step
    const Place at(lanes, args.input.extent[2], args.rate.extent[0]);
    const std::int64_t sample = at.sample, channel = at.channel, n = at.state;
    const bool leads = at.holds && n == 0;
    const Real rate = args.rate(n, channel), skip = args.skip(channel);
    Real carried = at.holds ? args.final_gradient(sample, n, channel) : Real(0);
    Real rate_gradient = 0, skip_gradient = 0;
    for (std::int64_t part = args.segment_starts.extent[1] - 1; part >= 0; --part) {
        const std::int64_t first = part * segment, rest = args.input.extent[1] - first;
        const int count = static_cast<int>(rest < segment ? rest : segment);
        trace[0] = at.holds ? args.segment_starts(sample, part, n, channel) : Real(0);
        for (int step = 0; step < count; ++step) {
            const std::int64_t t = first + step;
            const Real delta = args.delta(sample, t, channel);
            trace[(step + 1) * block_threads] =
                exp(delta * rate) * trace[step * block_threads] +
                delta * args.input(sample, t, channel) * args.input_weight(sample, t, n);
        }
        for (int step = count - 1; step >= 0; --step) {
            const std::int64_t t = first + step;
            const Real u = args.input(sample, t, channel), delta = args.delta(sample, t, channel);
            const Real gradient = args.output_gradient(sample, t, channel);
            const Real b = args.input_weight(sample, t, n);
            const Real p =
                at.holds ? gradient * args.output_weight(sample, t, n) + carried : Real(0);
            const Real decay = exp(delta * rate);
            const Real through = p * decay * trace[step * block_threads];
            rate_gradient += delta * through;
            carried = decay * p;
            const Real along_b = sum_over_states(p * b, lanes);
            const Real along_rate = sum_over_states(rate * through, lanes);
            if (leads) {
                args.input_gradient(sample, t, channel) = delta * along_b + skip * gradient;
                args.delta_gradient(sample, t, channel) = u * along_b + along_rate;
                skip_gradient += gradient * u;
            }
            const Real state = at.holds ? trace[(step + 1) * block_threads] : Real(0);
            add_over_channels(args, t, lanes, p * delta * u, gradient * state, parts);
        }
    }
    if (at.holds) {
        args.initial_gradient(sample, n, channel) = carried;
        args.rate_gradient(sample, n, channel) = rate_gradient;
    }
    if (leads) args.skip_gradient(sample, channel) = skip_gradient;
}

template <class Real>
void scan(Stream& stream, const SelectiveScanArgs<Real>& args) {
    const int lanes = lanes_of_states(args.rate.extent[0]);
    launch(stream, "selective_scan",
           state_lanes_shape(lanes, args.input.extent[2], args.input.extent[0]), &scan_kernel<Real>,
           args, lanes);
}

template <class Real>
void scan_backward(Stream& stream, const SelectiveScanBackwardArgs<Real>& args) {
    const int lanes = lanes_of_states(args.rate.extent[0]);
    LaunchShape shape = state_lanes_shape(lanes, args.input.extent[2], args.input.extent[0]);
    shape.shared_bytes = sizeof(Real) * (2 + selective_scan_segment + 1) * block_threads;
    launch(stream, "selective_scan_backward", shape, &scan_backward_kernel<Real>, args, lanes);
}

}  // namespace

template <>
void run_selective_scan<Cuda, float>(Stream& stream, const SelectiveScanArgs<float>& args) {
    scan(stream, args);
}
template <>
void run_selective_scan<Cuda, double>(Stream& stream, const SelectiveScanArgs<double>& args) {
    scan(stream, args);
}
template <>
void run_selective_scan_backward<Cuda, float>(Stream& stream,
                                              const SelectiveScanBackwardArgs<float>& args) {
    scan_backward(stream, args);
}
template <>
void run_selective_scan_backward<Cuda, double>(Stream& stream,
                                               const SelectiveScanBackwardArgs<double>& args) {
    scan_backward(stream, args);
}

}  // namespace elm
