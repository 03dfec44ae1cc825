#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/low_rank/low_rank_kernel_body.h"

namespace elm {
namespace {

template <int rank, class Real>
void forward(Stream& stream, const LowRankKernelArgs<Real>& args) {
    Cuda::for_each_index(stream, args.spectrum.real.size(), LowRankNode<Real, rank>{args});
    Cuda::for_each_index(stream, args.kernel.size(), LowRankFirstStage<Real>{args});
    Cuda::for_each_index(stream, args.kernel.size(), LowRankSecondStage<Real>{args});
}

template <int rank, class Real>
void backward(Stream& stream, const LowRankKernelBackwardArgs<Real>& args) {
    const std::int64_t columns = args.kernel_gradient.extent[1];
    Cuda::for_each_index(stream, args.kernel_gradient.size(), LowRankGradientStage<Real>{args});
    Cuda::for_each_index(stream, args.spectrum.real.size(), LowRankNodeGradient<Real, rank>{args});
    Cuda::for_each_index(stream, args.log_decay.extent[1] * columns,
                         LowRankModeGradient<Real, rank>{args});
    Cuda::for_each_index(stream, args.log_decay.size(), LowRankRowGradient<Real>{args});
    Cuda::for_each_index(stream, args.log_step.size(), LowRankStepGradient<Real>{args});
}

template <class Real>
void forward_of_its_rank(Stream& stream, const LowRankKernelArgs<Real>& args) {
    low_rank_of(args) == 1 ? forward<1>(stream, args) : forward<2>(stream, args);
}

template <class Real>
void backward_of_its_rank(Stream& stream, const LowRankKernelBackwardArgs<Real>& args) {
    low_rank_of(args) == 1 ? backward<1>(stream, args) : backward<2>(stream, args);
}

}  // namespace

template <>
void run_low_rank_kernel<Cuda, float>(Stream& stream, const LowRankKernelArgs<float>& args) {
    forward_of_its_rank(stream, args);
}
template <>
void run_low_rank_kernel<Cuda, double>(Stream& stream, const LowRankKernelArgs<double>& args) {
    forward_of_its_rank(stream, args);
}
template <>
void run_low_rank_kernel_backward<Cuda, float>(Stream& stream,
                                               const LowRankKernelBackwardArgs<float>& args) {
    backward_of_its_rank(stream, args);
}
template <>
void run_low_rank_kernel_backward<Cuda, double>(Stream& stream,
                                                const LowRankKernelBackwardArgs<double>& args) {
    backward_of_its_rank(stream, args);
}

}  // namespace elm
