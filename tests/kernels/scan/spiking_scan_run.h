#pragma once

#include <span>

#include "kernels/ops/spiking/spiking_scan.h"

namespace elm::test {

inline constexpr SurrogateKind all_surrogates[] = {
    SurrogateKind::fast_sigmoid, SurrogateKind::triangle, SurrogateKind::arctan,
    SurrogateKind::gaussian,     SurrogateKind::boxcar,   SurrogateKind::exponential,
    SurrogateKind::logistic};

/// A scan of inputs in the order of reference::SpikingScanInputs; those without meaning left out.
inline SpikingTraces run_spiking_scan(Context& context, std::span<const Var> in,
                                      const SpikingRule& rule) {
    SpikingCoefficients coefficients{in[3], in[4], {}, {}, {}};
    if (in.size() > 6) {
        coefficients.adaptation_decay = in[5];
        coefficients.jump = in[6];
    }
    if (in.size() > 7) coefficients.coupling = in[7];
    return spiking_scan(context, in[0], in[1], coefficients, rule, in[2]);
}

}  // namespace elm::test
