#include <type_traits>

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/scan/state_space/diagonal_scan_body.h"

/// A thread carries one unit of one sample through all steps; neighbours read side by side.
namespace elm {
namespace {

template <class Real, bool complex>
using NumberOf =
    std::conditional_t<complex, ComplexNumber<OneNumber<Real>>, RealNumber<OneNumber<Real>>>;

template <class Real, bool complex, bool constant>
struct ScanOneUnit {
    DiagonalScanArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.initial.real.extent[1];
        scan_units<NumberOf<Real, complex>, constant, 1>(args, index / units, index % units,
                                                         OneNumber<Real>{});
    }
};

template <class Real, bool complex, bool constant>
struct ScanBackwardOneUnit {
    DiagonalScanBackwardArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.initial.real.extent[1];
        scan_units_backward<NumberOf<Real, complex>, constant, 1>(args, index / units,
                                                                  index % units, OneNumber<Real>{});
    }
};

template <class Real>
void scan(Stream& stream, const DiagonalScanArgs<Real>& args) {
    visit_kind(args, [&]<bool complex, bool constant>() {
        Cuda::for_each_index(stream, args.initial.real.size(),
                             ScanOneUnit<Real, complex, constant>{args});
    });
}

template <class Real>
void scan_backward(Stream& stream, const DiagonalScanBackwardArgs<Real>& args) {
    visit_kind(args, [&]<bool complex, bool constant>() {
        Cuda::for_each_index(stream, args.initial.real.size(),
                             ScanBackwardOneUnit<Real, complex, constant>{args});
    });
}

}  // namespace

template <>
void run_diagonal_scan<Cuda, float>(Stream& stream, const DiagonalScanArgs<float>& args) {
    scan(stream, args);
}
template <>
void run_diagonal_scan<Cuda, double>(Stream& stream, const DiagonalScanArgs<double>& args) {
    scan(stream, args);
}
template <>
void run_diagonal_scan_backward<Cuda, float>(Stream& stream,
                                             const DiagonalScanBackwardArgs<float>& args) {
    scan_backward(stream, args);
}
template <>
void run_diagonal_scan_backward<Cuda, double>(Stream& stream,
                                              const DiagonalScanBackwardArgs<double>& args) {
    scan_backward(stream, args);
}

}  // namespace elm
