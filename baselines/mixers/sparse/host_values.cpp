#include "baselines/mixers/sparse/host_values.h"

namespace elm {

std::vector<double> host_values(Stream& stream, const Tensor& tensor) {
    Stream host{Device{}};
    const bool is_here = stream.device().kind == DeviceKind::cpu;
    const Tensor copy = is_here ? tensor : tensor.to(host);
    return visit_real(copy.dtype(), [&]<class Real>(Real) {
        const auto values = copy.host<Real>();
        return std::vector<double>(values.begin(), values.end());
    });
}

}  // namespace elm
