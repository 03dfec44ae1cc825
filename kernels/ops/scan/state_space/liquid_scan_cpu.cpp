#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/scan/state_space/liquid_scan_body.h"

/// Each task carries a vector of neighbouring features of one sample through all steps.
namespace elm {
namespace {

template <class Real>
void scan(const LiquidScanArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.input.extent[0], args.input.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t feature, const auto& access) {
            liquid_feature(args, sample, feature, access);
        });
}

template <class Real>
void scan_backward(const LiquidScanBackwardArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.input.extent[0], args.input.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t feature, const auto& access) {
            liquid_feature_backward(args, sample, feature, access);
        });
}

}  // namespace

template <>
void run_liquid_scan<Cpu, float>(Stream&, const LiquidScanArgs<float>& args) {
    scan(args);
}
template <>
void run_liquid_scan<Cpu, double>(Stream&, const LiquidScanArgs<double>& args) {
    scan(args);
}
template <>
void run_liquid_scan_backward<Cpu, float>(Stream&, const LiquidScanBackwardArgs<float>& args) {
    scan_backward(args);
}
template <>
void run_liquid_scan_backward<Cpu, double>(Stream&, const LiquidScanBackwardArgs<double>& args) {
    scan_backward(args);
}

}  // namespace elm
