#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/scan/state_space/liquid_scan_body.h"

/// A thread carries one feature of one sample through all steps; neighbours read side by side.
namespace elm {
namespace {

template <class Real>
struct LiquidScanOneFeature {
    LiquidScanArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.input.extent[2];
        liquid_feature(args, index / features, index % features, OneNumber<Real>{});
    }
};

template <class Real>
struct LiquidScanBackwardOneFeature {
    LiquidScanBackwardArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.input.extent[2];
        liquid_feature_backward(args, index / features, index % features, OneNumber<Real>{});
    }
};

template <class Real>
void scan(Stream& stream, const LiquidScanArgs<Real>& args) {
    Cuda::for_each_index(stream, args.input.extent[0] * args.input.extent[2],
                         LiquidScanOneFeature<Real>{args});
}

template <class Real>
void scan_backward(Stream& stream, const LiquidScanBackwardArgs<Real>& args) {
    Cuda::for_each_index(stream, args.input.extent[0] * args.input.extent[2],
                         LiquidScanBackwardOneFeature<Real>{args});
}

}  // namespace

template <>
void run_liquid_scan<Cuda, float>(Stream& stream, const LiquidScanArgs<float>& args) {
    scan(stream, args);
}
template <>
void run_liquid_scan<Cuda, double>(Stream& stream, const LiquidScanArgs<double>& args) {
    scan(stream, args);
}
template <>
void run_liquid_scan_backward<Cuda, float>(Stream& stream,
                                           const LiquidScanBackwardArgs<float>& args) {
    scan_backward(stream, args);
}
template <>
void run_liquid_scan_backward<Cuda, double>(Stream& stream,
                                            const LiquidScanBackwardArgs<double>& args) {
    scan_backward(stream, args);
}

}  // namespace elm
