#include <algorithm>

#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/product/depthwise_convolution.h"

/// Neighbouring features are lanes: a step of a tap is a product of vectors.
namespace elm {
namespace {

constexpr std::int64_t steps_per_task = 128;
constexpr int blocks_at_once = 2, taps_at_once = 4;

/// weight (features, width) the other way round, from the present step's tap into the past.
template <class Real>
lanes::AlignedVector<Real> taps_by_lag(const View<const Real, 2>& weight) {
    const auto [features, width] = weight.extent;
    lanes::AlignedVector<Real> taps(static_cast<std::size_t>(weight.size()));
    for (std::int64_t feature = 0; feature < features; ++feature) {
        for (std::int64_t lag = 0; lag < width; ++lag) {
            taps[static_cast<std::size_t>(lag * features + feature)] =
                weight(feature, width - 1 - lag);
        }
    }
    return taps;
}

template <class Real>
void convolve(const DepthwiseConvolutionArgs<Real>& args) {
    const auto [samples, time, features] = args.result.extent;
    const std::int64_t width = args.weight.extent[1];
    const auto taps = taps_by_lag(args.weight);
    const std::int64_t pieces = (time + steps_per_task - 1) / steps_per_task;
    Cpu::for_each_task(samples * pieces, [&, time = time, features = features](std::int64_t task) {
        const std::int64_t sample = task / pieces, first = task % pieces * steps_per_task;
        const std::int64_t end = std::min(time, first + steps_per_task);
        constexpr std::int64_t N = lanes::native<Real>;
        const std::int64_t stride = args.direction * args.dilation * features;
        for (std::int64_t t = first; t < end; ++t) {
            const std::int64_t reach = args.direction < 0 ? t : time - 1 - t;
            const std::int64_t lags = std::min(width - 1, reach / args.dilation);
            const Real* const present = args.signal.data + (sample * time + t) * features;
            for (std::int64_t feature = 0; feature < features; feature += N) {
                const PartLanes<Real> access(std::min(N, features - feature));
                Lanes<Real> sum{};
                if (args.bias.data != nullptr) sum = access.load(&args.bias(feature));
                for (std::int64_t lag = 0; lag <= lags; ++lag) {
                    sum = access.fused(
                        access.load(&taps[static_cast<std::size_t>(lag * features + feature)]),
                        access.load(present + feature + lag * stride), sum);
                }
                access.store(&args.result(sample, t, feature), sum);
            }
        }
    });
}

/// Taps [tap, tap + count) of `blocks` vectors of features of one sample.
template <int count, int blocks, class Real, class Access>
ELM_INLINE void tap_gradients(const DepthwiseWeightGradientArgs<Real>& args, std::int64_t sample,
                              std::int64_t feature, std::int64_t tap, const Access& access) {
    constexpr std::int64_t N = lanes::native<Real>;
    const std::int64_t time = args.input.extent[1], width = args.gradients.extent[2];
    Lanes<Real> sums[count][blocks] = {};
    std::int64_t lags[count];
    for (int k = 0; k < count; ++k) lags[k] = (width - 1 - tap - k) * args.dilation;
    for (std::int64_t t = lags[count - 1]; t < time; ++t) {
        for (int block = 0; block < blocks; ++block) {
            const std::int64_t at = feature + block * N;
            const Lanes<Real> gradient = access.load(&args.output_gradient(sample, t, at));
#pragma GCC unroll 4
            for (int k = 0; k < count; ++k) {
                if (t < lags[k]) continue;
                sums[k][block] = Access::fused(
                    gradient, access.load(&args.input(sample, t - lags[k], at)), sums[k][block]);
            }
        }
    }
    for (int block = 0; block < blocks; ++block) {
        const std::int64_t at = feature + block * N;
        const std::int64_t here = std::min(N, args.input.extent[2] - at);
        for (std::int64_t lane = 0; lane < here; ++lane) {
            for (int k = 0; k < count; ++k) {
                args.gradients(sample, at + lane, tap + k) = sums[k][block][lane];
            }
        }
    }
}

template <class Real>
void weight_gradient(const DepthwiseWeightGradientArgs<Real>& args) {
    const std::int64_t width = args.gradients.extent[2];
    for_each_lane_block<Real, blocks_at_once>(
        args.input.extent[0], args.input.extent[2],
        [&]<int blocks>(std::int64_t sample, std::int64_t feature, const auto& access) {
            std::int64_t tap = 0;
            for (; tap + taps_at_once <= width; tap += taps_at_once) {
                tap_gradients<taps_at_once, blocks>(args, sample, feature, tap, access);
            }
            for (; tap < width; ++tap) tap_gradients<1, blocks>(args, sample, feature, tap, access);
        });
}

}  // namespace

template <>
void run_depthwise_convolution<Cpu, float>(Stream&, const DepthwiseConvolutionArgs<float>& args) {
    convolve(args);
}
template <>
void run_depthwise_convolution<Cpu, double>(Stream&, const DepthwiseConvolutionArgs<double>& args) {
    convolve(args);
}
template <>
void run_depthwise_weight_gradient<Cpu, float>(Stream&,
                                               const DepthwiseWeightGradientArgs<float>& args) {
    weight_gradient(args);
}
template <>
void run_depthwise_weight_gradient<Cpu, double>(Stream&,
                                                const DepthwiseWeightGradientArgs<double>& args) {
    weight_gradient(args);
}

}  // namespace elm
