#include "kernels/ops/spiking/spiking_scan.h"

#include "kernels/core/buffer.h"
#include "kernels/ops/scan/recurrent/recurrent_block.cuh"
#include "kernels/ops/spiking/spiking_unit_body.h"

/// One block carries a few samples through all steps:
/// kernels/ops/scan/recurrent/recurrent_block.cuh. Each thread keeps to its units of its samples,
/// so only spikes and currents pass between threads.
namespace elm {
namespace {

constexpr int block_threads = recurrent_block_threads;
constexpr int tile = recurrent_block_samples;
static_assert(tile == spiking_block_samples);

template <class Real>
struct OneUnit : OneLane<Real> {
    ELM_HD static Real smooth_step(const SurrogateOf<Real>& surrogate, Real x) {
        return surrogate.smooth_step(x);
    }
};

/// Coefficients of a unit; those without data are 0.
template <class Real, SpikingAdaptation adaptation>
__device__ SpikingUnit<Real, OneUnit<Real>, adaptation> load_unit(
    const View<const Real, 1> (&coefficients)[spiking_coefficients], std::int64_t unit) {
    SpikingUnit<Real, OneUnit<Real>, adaptation> result;
    for (int i = 0; i < spiking_coefficients; ++i) {
        const Real* const from = coefficients[i].data;
        result.coefficients[i] = from == nullptr ? Real(0) : from[unit];
    }
    return result;
}

/// Samples of this block.
struct BlockSamples {
    std::int64_t first;
    int count;
};
__device__ inline BlockSamples samples_of_block(std::int64_t samples) {
    const std::int64_t first = std::int64_t{blockIdx.x} * tile, rest = samples - first;
    return {first, static_cast<int>(rest < tile ? rest : tile)};
}

/// Rows of a tile in shared memory: spikes, membranes, adaptation, currents.
constexpr std::int64_t forward_rows = 4;

template <class Real, SpikingAdaptation adaptation, bool in_shared>
__global__ void __launch_bounds__(block_threads)
    scan_kernel(SpikingScanArgs<Real> args, const Real* transposed, RecurrentSharedPlan plan) {
    constexpr bool adapts = adaptation != SpikingAdaptation::none;
    const std::int64_t steps = args.spikes.extent[1], units = args.spikes.extent[2];
    const BlockSamples samples = samples_of_block(args.spikes.extent[0]);
    Real* const spikes = dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const membranes = spikes + tile * units;
    Real* const adaptations = membranes + tile * units;
    Real* const currents = adaptations + tile * units;
    const Real* const weights =
        place_recurrent_weights<Real, in_shared>(transposed, units * units, spikes + plan.state);
    for (std::int64_t i = threadIdx.x; i < tile * units; i += block_threads) {
        const std::int64_t sample = samples.first + i / units, unit = i % units;
        const bool is_there = i / units < samples.count;
        spikes[i] = is_there ? args.start(sample, 0, unit) : Real(0);
        membranes[i] = is_there ? args.start(sample, 1, unit) : Real(0);
        adaptations[i] = is_there && adapts ? args.start(sample, 2, unit) : Real(0);
    }
    __syncthreads();

    for (std::int64_t t = 0; t < steps; ++t) {
        for (std::int64_t unit = threadIdx.x; unit < units; unit += block_threads) {
            Real sums[tile];
            for (int s = 0; s < tile; ++s) {
                sums[s] = s < samples.count ? args.projected(samples.first + s, t, unit) : Real(0);
            }
            for (std::int64_t k = 0; k < units; ++k) {
                const Real weight = weights[k * units + unit];
                for (int s = 0; s < tile; ++s) sums[s] += weight * spikes[s * units + k];
            }
            for (int s = 0; s < tile; ++s) currents[s * units + unit] = sums[s];
        }
        __syncthreads();
        for (std::int64_t i = threadIdx.x; i < samples.count * units; i += block_threads) {
            const std::int64_t sample = samples.first + i / units, unit = i % units;
            SpikingUnitState<Real> state{spikes[i], membranes[i], adaptations[i]};
            const Real potential = load_unit<Real, adaptation>(args.coefficients, unit)
                                       .forward(args.rule, currents[i], state);
            spikes[i] = state.spike;
            membranes[i] = state.membrane;
            adaptations[i] = state.adaptation;
            args.spikes(sample, t, unit) = state.spike;
            if (args.saved_potential.data == nullptr) continue;
            args.saved_potential(sample, t, unit) = potential;
            if (adapts) args.saved_adaptation(sample, t, unit) = state.adaptation;
        }
        __syncthreads();
    }
    for (std::int64_t i = threadIdx.x; i < samples.count * units; i += block_threads) {
        const std::int64_t sample = samples.first + i / units, unit = i % units;
        args.end(sample, 0, unit) = spikes[i];
        args.end(sample, 1, unit) = membranes[i];
        if (adapts) args.end(sample, 2, unit) = adaptations[i];
    }
}

/// Rows of a tile in shared memory: gradients of spikes, membranes and adaptation, those of the
/// currents, and sums of coefficients.
constexpr std::int64_t backward_rows = 4 + spiking_coefficients;

template <class Real, SpikingAdaptation adaptation, bool in_shared>
__global__ void __launch_bounds__(block_threads)
    scan_backward_kernel(SpikingScanBackwardArgs<Real> args, const Real* matrix,
                         RecurrentSharedPlan plan) {
    constexpr bool adapts = adaptation != SpikingAdaptation::none;
    constexpr int n_sums = spiking_coefficient_count(adaptation);
    const std::int64_t steps = args.spikes.extent[1], units = args.spikes.extent[2];
    const BlockSamples samples = samples_of_block(args.spikes.extent[0]);
    const std::int64_t elements = samples.count * units, stride = tile * units;
    Real* const of_spikes =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const of_membranes = of_spikes + stride;
    Real* const of_adaptations = of_membranes + stride;
    Real* const of_currents = of_adaptations + stride;
    Real* const sums = of_currents + stride;
    const Real* const weights =
        place_recurrent_weights<Real, in_shared>(matrix, units * units, of_spikes + plan.state);
    for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
        const std::int64_t sample = samples.first + i / units, unit = i % units;
        of_spikes[i] = args.end_gradient(sample, 0, unit);
        of_membranes[i] = args.end_gradient(sample, 1, unit);
        of_adaptations[i] = adapts ? args.end_gradient(sample, 2, unit) : Real(0);
        for (int k = 0; k < n_sums; ++k) sums[k * stride + i] = 0;
    }
    __syncthreads();

    for (std::int64_t t = steps - 1; t >= 0; --t) {
        for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
            const std::int64_t sample = samples.first + i / units, unit = i % units;
            const auto own = load_unit<Real, adaptation>(args.coefficients, unit);
            Real spike_before = args.start(sample, 0, unit);
            Real membrane_before = args.start(sample, 1, unit);
            Real adaptation_before = adapts ? args.start(sample, 2, unit) : Real(0);
            if (t > 0) {
                spike_before = args.spikes(sample, t - 1, unit);
                membrane_before = own.after_reset(
                    args.rule, args.saved_potential(sample, t - 1, unit), spike_before);
                if (adapts) adaptation_before = args.saved_adaptation(sample, t - 1, unit);
            }
            SpikingUnitGradient<Real> gradient{of_spikes[i] + args.spikes_gradient(sample, t, unit),
                                               of_membranes[i], of_adaptations[i]};
            Real own_sums[spiking_coefficients] = {};
            for (int k = 0; k < n_sums; ++k) own_sums[k] = sums[k * stride + i];
            const Real current = own.backward(args.rule, args.saved_potential(sample, t, unit),
                                              args.spikes(sample, t, unit), membrane_before,
                                              adaptation_before, gradient, own_sums);
            for (int k = 0; k < n_sums; ++k) sums[k * stride + i] = own_sums[k];
            of_spikes[i] = gradient.spike;
            of_membranes[i] = gradient.membrane;
            of_adaptations[i] = gradient.adaptation;
            of_currents[i] = current;
            args.projected_gradient(sample, t, unit) = current;
            args.previous_spikes(sample, t, unit) = spike_before;
        }
        __syncthreads();
        for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
            const Real* const heard = of_currents + i / units * units;
            Real sum = of_spikes[i];
            for (std::int64_t to = 0; to < units; ++to) {
                sum += heard[to] * weights[to * units + i % units];
            }
            of_spikes[i] = sum;
        }
        __syncthreads();
    }
    constexpr int decay = static_cast<int>(SpikingCoefficient::decay);
    for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
        const std::int64_t sample = samples.first + i / units, unit = i % units;
        args.start_gradient(sample, 0, unit) = of_spikes[i];
        args.start_gradient(sample, 1, unit) = of_membranes[i];
        if (adapts) args.start_gradient(sample, 2, unit) = of_adaptations[i];
        sums[decay * stride + i] /= Real(1) - args.coefficients[decay](unit);
        for (int k = 0; k < n_sums; ++k) {
            args.coefficient_gradients(k, sample, unit) = sums[k * stride + i];
        }
    }
}

template <class Real, SpikingAdaptation adaptation>
void launch_forward(Stream& stream, const SpikingScanArgs<Real>& args) {
    const std::int64_t units = args.spikes.extent[2], count = args.weight.size();
    if (units == 0) return;
    const Buffer transposed(stream, static_cast<std::size_t>(count) * sizeof(Real));
    auto* const weights = reinterpret_cast<Real*>(transposed.data());
    Cuda::for_each_index(stream, count, TransposeRecurrentWeight<Real>{args.weight, weights});
    launch_recurrent_scan<Real>(
        stream, "spiking_scan", args.spikes.extent[0],
        {.state = tile * forward_rows * units, .weights = count}, static_cast<const Real*>(weights),
        args, &scan_kernel<Real, adaptation, true>, &scan_kernel<Real, adaptation, false>);
}

template <class Real, SpikingAdaptation adaptation>
void launch_backward(Stream& stream, const SpikingScanBackwardArgs<Real>& args) {
    const std::int64_t units = args.spikes.extent[2];
    if (units == 0) return;
    launch_recurrent_scan<Real>(
        stream, "spiking_scan_backward", args.spikes.extent[0],
        {.state = tile * backward_rows * units, .weights = args.weight.size()},
        static_cast<const Real*>(args.weight.data), args,
        &scan_backward_kernel<Real, adaptation, true>,
        &scan_backward_kernel<Real, adaptation, false>);
}

template <class Real>
void run_forward(Stream& stream, const SpikingScanArgs<Real>& args) {
    with_spiking_adaptation(args.rule.adaptation, [&]<SpikingAdaptation adaptation>() {
        launch_forward<Real, adaptation>(stream, args);
    });
}

template <class Real>
void run_backward(Stream& stream, const SpikingScanBackwardArgs<Real>& args) {
    with_spiking_adaptation(args.rule.adaptation, [&]<SpikingAdaptation adaptation>() {
        launch_backward<Real, adaptation>(stream, args);
    });
}

}  // namespace

template <>
void run_spiking_scan<Cuda, float>(Stream& stream, const SpikingScanArgs<float>& args) {
    run_forward(stream, args);
}
template <>
void run_spiking_scan<Cuda, double>(Stream& stream, const SpikingScanArgs<double>& args) {
    run_forward(stream, args);
}
template <>
void run_spiking_scan_backward<Cuda, float>(Stream& stream,
                                            const SpikingScanBackwardArgs<float>& args) {
    run_backward(stream, args);
}
template <>
void run_spiking_scan_backward<Cuda, double>(Stream& stream,
                                             const SpikingScanBackwardArgs<double>& args) {
    run_backward(stream, args);
}

}  // namespace elm
