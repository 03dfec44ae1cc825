// Potassium current opened by calcium: I = g z (V - E_K).
//   z: steady 1 / (1 + (0.00043 / [Ca])^4.8), [Ca] in mM, tau 1 ms
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Koehler et
// al. 1996, doi:10.1126/science.273.5282.1709.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel sk_channel() {
    return {.name = "SK_E2",
            .ion = Ion::potassium,
            .gates = {{"z", 1,
                       [](double calcium) {
                           const double there = calcium < 1e-7 ? calcium + 1e-7 : calcium;
                           return GateValue{1 / (1 + std::pow(0.00043 / there, 4.8)), 1.0};
                       }}},
            .reversal_mV = 0,
            .calcium_gated = true,
            .celsius = 34,
            .q10 = {}};
}

}  // namespace elm::cable
