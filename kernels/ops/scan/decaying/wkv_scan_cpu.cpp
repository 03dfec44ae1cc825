#include "kernels/core/simd/lane_blocks.h"
#include "kernels/core/simd/lane_math.h"
#include "kernels/ops/scan/decaying/wkv_scan_body.h"

/// Each task carries a vector of neighbouring units of one sample through all steps.
namespace elm {
namespace {

template <class Real>
struct LaneFunctions {
    using Value = Lanes<Real>;
    ELM_INLINE static Lanes<Real> exp(const Lanes<Real>& x) {
        return lane_math::exponential<Real, lanes::native<Real>>(x);
    }
    ELM_INLINE static Lanes<Real> larger(const Lanes<Real>& a, const Lanes<Real>& b) {
        return a < b ? b : a;
    }
};

template <class Real>
void scan(const WkvScanArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.key.extent[0], args.key.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t unit, const auto& access) {
            wkv_units<LaneFunctions<Real>>(args, sample, unit, access);
        });
}

template <class Real>
void scan_backward(const WkvScanBackwardArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.key.extent[0], args.key.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t unit, const auto& access) {
            wkv_units_backward<LaneFunctions<Real>>(args, sample, unit, access);
        });
}

}  // namespace

template <>
void run_wkv_scan<Cpu, float>(Stream&, const WkvScanArgs<float>& args) {
    scan(args);
}
template <>
void run_wkv_scan<Cpu, double>(Stream&, const WkvScanArgs<double>& args) {
    scan(args);
}
template <>
void run_wkv_scan_backward<Cpu, float>(Stream&, const WkvScanBackwardArgs<float>& args) {
    scan_backward(args);
}
template <>
void run_wkv_scan_backward<Cpu, double>(Stream&, const WkvScanBackwardArgs<double>& args) {
    scan_backward(args);
}

}  // namespace elm
