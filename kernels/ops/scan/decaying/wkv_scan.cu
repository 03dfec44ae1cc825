#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/complex_planes.h"
#include "kernels/ops/scan/decaying/wkv_scan_body.h"

/// A thread carries one unit of one sample through all steps; neighbours read side by side.
namespace elm {
namespace {

template <class Real>
struct NumberFunctions {
    using Value = Real;
    ELM_HD static Real exp(Real x) { return ::exp(x); }
    ELM_HD static Real larger(Real a, Real b) { return a < b ? b : a; }
};

template <class Real>
struct ScanOneUnit {
    WkvScanArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.key.extent[2];
        wkv_units<NumberFunctions<Real>>(args, index / units, index % units, OneNumber<Real>{});
    }
};

template <class Real>
struct ScanBackwardOneUnit {
    WkvScanBackwardArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t units = args.key.extent[2];
        wkv_units_backward<NumberFunctions<Real>>(args, index / units, index % units,
                                                  OneNumber<Real>{});
    }
};

template <class Real>
void scan(Stream& stream, const WkvScanArgs<Real>& args) {
    Cuda::for_each_index(stream, args.key.extent[0] * args.key.extent[2], ScanOneUnit<Real>{args});
}

template <class Real>
void scan_backward(Stream& stream, const WkvScanBackwardArgs<Real>& args) {
    Cuda::for_each_index(stream, args.key.extent[0] * args.key.extent[2],
                         ScanBackwardOneUnit<Real>{args});
}

}  // namespace

template <>
void run_wkv_scan<Cuda, float>(Stream& stream, const WkvScanArgs<float>& args) {
    scan(stream, args);
}
template <>
void run_wkv_scan<Cuda, double>(Stream& stream, const WkvScanArgs<double>& args) {
    scan(stream, args);
}
template <>
void run_wkv_scan_backward<Cuda, float>(Stream& stream, const WkvScanBackwardArgs<float>& args) {
    scan_backward(stream, args);
}
template <>
void run_wkv_scan_backward<Cuda, double>(Stream& stream, const WkvScanBackwardArgs<double>& args) {
    scan_backward(stream, args);
}

}  // namespace elm
