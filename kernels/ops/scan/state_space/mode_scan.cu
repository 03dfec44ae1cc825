#include "kernels/ops/scan/state_space/mode_scan.h"

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/scan/state_space/state_lanes.cuh"

/// A thread holds one mode of one feature; those of a feature are neighbours in a warp and add up
/// over the modes by shuffles. Threads without a feature or a mode go along with zeros.
namespace elm {
namespace {

template <class Real>
using Number = ComplexNumber<OneNumber<Real>>;

template <class T, int Rank, class... Index>
__device__ auto load_complex(const Planes<T, Rank>& planes, Index... index)
    -> Number<std::remove_const_t<T>> {
    return {planes.real(index...), planes.imag(index...)};
}

template <class Real, int Rank, class... Index>
__device__ void store_complex(const Number<Real>& value, const Planes<Real, Rank>& planes,
                              Index... index) {
    planes.real(index...) = value.real;
    planes.imag(index...) = value.imag;
}

template <class Real>
__global__ void __launch_bounds__(state_lanes_block)
    scan_kernel(ModeScanArgs<Real> args, int lanes) {
    const StatePlace at(lanes, args.input.extent[2], args.decay.real.extent[0]);
    const bool leads = at.holds && at.state == 0;
    const auto decay = load_complex(args.decay, at.state, at.channel);
    const auto weight = load_complex(args.weight, at.state, at.channel);
    const Real skip = args.skip(at.channel);
    Number<Real> state{};
    if (at.holds) state = load_complex(args.initial, at.sample, at.state, at.channel);
    for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
        if (at.holds && t % mode_scan_segment == 0) {
            store_complex(state, args.segment_starts, at.sample, t / mode_scan_segment, at.state,
                          at.channel);
        }
        const Real u = args.input(at.sample, t, at.channel);
        state = Number<Real>::advance(decay, state, {u, Real(0)});
        const Real part = at.holds ? weight.real * state.real - weight.imag * state.imag : Real(0);
        const Real sum = sum_over_states(part, lanes);
        if (leads) args.output(at.sample, t, at.channel) = 2 * sum + skip * u;
    }
    if (at.holds) store_complex(state, args.final, at.sample, at.state, at.channel);
}

template <class Real>
__global__ void __launch_bounds__(state_lanes_block)
    scan_backward_kernel(ModeScanBackwardArgs<Real> args, int lanes) {
    constexpr int segment = static_cast<int>(mode_scan_segment);
    // States before each step of a segment, of this thread: real and imaginary parts.
    Real* const trace = dynamic_shared<Real>(2 * segment * state_lanes_block) + threadIdx.x;
    const StatePlace at(lanes, args.input.extent[2], args.decay.real.extent[0]);
    const bool leads = at.holds && at.state == 0;
    const auto decay = load_complex(args.decay, at.state, at.channel);
    const auto weight = load_complex(args.weight, at.state, at.channel);
    const Real skip = args.skip(at.channel);
    Number<Real> carried{}, decay_gradient{}, weight_gradient{};
    if (at.holds) carried = load_complex(args.final_gradient, at.sample, at.state, at.channel);
    Real skip_gradient = 0;
    for (std::int64_t part = args.segment_starts.real.extent[1] - 1; part >= 0; --part) {
        const std::int64_t first = part * segment, rest = args.input.extent[1] - first;
        const int count = static_cast<int>(rest < segment ? rest : segment);
        Number<Real> state{};
        if (at.holds) {
            state = load_complex(args.segment_starts, at.sample, part, at.state, at.channel);
        }
        for (int step = 0; step < count; ++step) {
            trace[2 * step * state_lanes_block] = state.real;
            trace[(2 * step + 1) * state_lanes_block] = state.imag;
            const Real u = args.input(at.sample, first + step, at.channel);
            state = Number<Real>::advance(decay, state, {u, Real(0)});
        }
        for (int step = count - 1; step >= 0; --step) {
            const std::int64_t t = first + step;
            const Real gradient = args.output_gradient(at.sample, t, at.channel);
            const Number<Real> twice{2 * gradient, Real(0)};
            const Number<Real> before{trace[2 * step * state_lanes_block],
                                      trace[(2 * step + 1) * state_lanes_block]};
            const auto p = Number<Real>::adjoint(weight, twice, carried);
            weight_gradient = Number<Real>::correlate(twice, state, weight_gradient);
            decay_gradient = Number<Real>::correlate(p, before, decay_gradient);
            carried = Number<Real>::adjoint(decay, p, {});
            state = before;
            const Real sum = sum_over_states(at.holds ? p.real : Real(0), lanes);
            if (leads) {
                args.input_gradient(at.sample, t, at.channel) = sum + skip * gradient;
                skip_gradient += gradient * args.input(at.sample, t, at.channel);
            }
        }
    }
    if (at.holds) {
        store_complex(carried, args.initial_gradient, at.sample, at.state, at.channel);
        store_complex(decay_gradient, args.decay_gradient, at.sample, at.state, at.channel);
        store_complex(weight_gradient, args.weight_gradient, at.sample, at.state, at.channel);
    }
    if (leads) args.skip_gradient(at.sample, at.channel) = skip_gradient;
}

template <class Real>
void scan(Stream& stream, const ModeScanArgs<Real>& args) {
    const int lanes = lanes_of_states(args.decay.real.extent[0]);
    launch(stream, "mode_scan",
           state_lanes_shape(lanes, args.input.extent[2], args.input.extent[0]), &scan_kernel<Real>,
           args, lanes);
}

template <class Real>
void scan_backward(Stream& stream, const ModeScanBackwardArgs<Real>& args) {
    const int lanes = lanes_of_states(args.decay.real.extent[0]);
    LaunchShape shape = state_lanes_shape(lanes, args.input.extent[2], args.input.extent[0]);
    shape.shared_bytes = mode_scan_shared_bytes(sizeof(Real));
    launch(stream, "mode_scan_backward", shape, &scan_backward_kernel<Real>, args, lanes);
}

}  // namespace

template <>
void run_mode_scan<Cuda, float>(Stream& stream, const ModeScanArgs<float>& args) {
    scan(stream, args);
}
template <>
void run_mode_scan<Cuda, double>(Stream& stream, const ModeScanArgs<double>& args) {
    scan(stream, args);
}
template <>
void run_mode_scan_backward<Cuda, float>(Stream& stream, const ModeScanBackwardArgs<float>& args) {
    scan_backward(stream, args);
}
template <>
void run_mode_scan_backward<Cuda, double>(Stream& stream,
                                          const ModeScanBackwardArgs<double>& args) {
    scan_backward(stream, args);
}

}  // namespace elm
