#include <type_traits>

#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/scan/state_space/diagonal_scan_body.h"

/// Each task carries up to four vectors of neighbouring units of one sample through all steps.
namespace elm {
namespace {

constexpr int most_blocks = 4;

template <class Real, bool complex>
using NumberOf =
    std::conditional_t<complex, ComplexNumber<WholeLanes<Real>>, RealNumber<WholeLanes<Real>>>;

template <class Real>
void scan(const DiagonalScanArgs<Real>& args) {
    const auto& shape = args.initial.real.extent;
    visit_kind(args, [&]<bool complex, bool constant>() {
        for_each_lane_block<Real, most_blocks>(
            shape[0], shape[1],
            [&]<int blocks>(std::int64_t sample, std::int64_t unit, const auto& access) {
                scan_units<NumberOf<Real, complex>, constant, blocks>(args, sample, unit, access);
            });
    });
}

template <class Real>
void scan_backward(const DiagonalScanBackwardArgs<Real>& args) {
    const auto& shape = args.initial.real.extent;
    visit_kind(args, [&]<bool complex, bool constant>() {
        for_each_lane_block<Real, most_blocks>(
            shape[0], shape[1],
            [&]<int blocks>(std::int64_t sample, std::int64_t unit, const auto& access) {
                scan_units_backward<NumberOf<Real, complex>, constant, blocks>(args, sample, unit,
                                                                               access);
            });
    });
}

}  // namespace

template <>
void run_diagonal_scan<Cpu, float>(Stream&, const DiagonalScanArgs<float>& args) {
    scan(args);
}
template <>
void run_diagonal_scan<Cpu, double>(Stream&, const DiagonalScanArgs<double>& args) {
    scan(args);
}
template <>
void run_diagonal_scan_backward<Cpu, float>(Stream&, const DiagonalScanBackwardArgs<float>& args) {
    scan_backward(args);
}
template <>
void run_diagonal_scan_backward<Cpu, double>(Stream&,
                                             const DiagonalScanBackwardArgs<double>& args) {
    scan_backward(args);
}

}  // namespace elm
