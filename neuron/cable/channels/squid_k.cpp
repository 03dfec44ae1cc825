// Potassium current of the squid axon at 6.3 degrees, resting at -65 mV: I = g n^4 (V - E_K).
//   n: opening 0.01 L(V + 55, 10), closing 0.125 exp(-(V + 65) / 80), 1/ms; L as in channel.h
// Hodgkin and Huxley 1952, doi:10.1113/jphysiol.1952.sp004764.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel squid_k_channel() {
    return {.name = "squid_K",
            .ion = Ion::potassium,
            .gates = {{"n", 4,
                       [](double v) {
                           return from_rates(0.01 * linoid(v + 55, 10),
                                             0.125 * std::exp(-(v + 65) / 80));
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 6.3,
            .q10 = 3};
}

}  // namespace elm::cable
