#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/modes/mode_kernel_body.h"
#include "kernels/ops/spectral/modes/modes_body.h"

/// Forward a thread makes a few steps of the kernel of one feature; backward it runs along the
/// kernel for one mode.
namespace elm {
namespace {

constexpr int steps_at_once = 16;

template <class Real>
struct KernelSteps {
    ModeKernelArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.kernel.extent[1], length = args.kernel.extent[0];
        const std::int64_t feature = index % features, begin = index / features * steps_at_once;
        double sums[steps_at_once] = {};
        for (std::int64_t n = 0; n < args.exponent.real.extent[0]; ++n) {
            const Complex exponent = complex_at(args.exponent, n, feature);
            const Complex factor = exponential(exponent);
            Complex power = complex_at(args.weight, n, feature) *
                            exponential(static_cast<double>(begin) * exponent);
            for (int step = 0; step < steps_at_once; ++step) {
                sums[step] += power.real;
                power = power * factor;
            }
        }
        for (int step = 0; step < steps_at_once; ++step) {
            const std::int64_t s = begin + step;
            if (s >= length) return;
            const double skip = s == 0 ? static_cast<double>(args.skip(feature)) : 0;
            args.kernel(s, feature) = static_cast<Real>(2 * sums[step] + skip);
        }
    }
};

template <class Real>
struct KernelModeGradient {
    ModeKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.exponent.real.extent[1];
        const std::int64_t n = index / features, feature = index % features;
        const Complex factor = exponential(complex_at(args.exponent, n, feature));
        Complex power{1, 0}, plain, timed;
        for (std::int64_t s = 0; s < args.kernel_gradient.extent[0]; ++s) {
            const Complex term =
                static_cast<double>(args.kernel_gradient(s, feature)) * conjugate(power);
            plain = plain + term;
            timed = timed + static_cast<double>(s) * term;
            power = power * factor;
        }
        const Complex weight = complex_at(args.weight, n, feature);
        set_complex(args.weight_gradient, 2 * plain, n, feature);
        set_complex(args.exponent_gradient, 2 * (conjugate(weight) * timed), n, feature);
    }
};

template <class Real>
void forward(Stream& stream, const ModeKernelArgs<Real>& args) {
    const std::int64_t parts = (args.kernel.extent[0] + steps_at_once - 1) / steps_at_once;
    Cuda::for_each_index(stream, parts * args.kernel.extent[1], KernelSteps<Real>{args});
}

template <class Real>
void backward(Stream& stream, const ModeKernelBackwardArgs<Real>& args) {
    Cuda::for_each_index(stream, args.exponent.real.size(), KernelModeGradient<Real>{args});
}

}  // namespace

template <>
void run_mode_kernel<Cuda, float>(Stream& stream, const ModeKernelArgs<float>& args) {
    forward(stream, args);
}
template <>
void run_mode_kernel<Cuda, double>(Stream& stream, const ModeKernelArgs<double>& args) {
    forward(stream, args);
}
template <>
void run_mode_kernel_backward<Cuda, float>(Stream& stream,
                                           const ModeKernelBackwardArgs<float>& args) {
    backward(stream, args);
}
template <>
void run_mode_kernel_backward<Cuda, double>(Stream& stream,
                                            const ModeKernelBackwardArgs<double>& args) {
    backward(stream, args);
}

}  // namespace elm
