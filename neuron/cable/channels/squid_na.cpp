// Sodium current of the squid axon at 6.3 degrees, resting at -65 mV: I = g m^3 h (V - E_Na).
//   m: opening 0.1 L(V + 40, 10), closing 4 exp(-(V + 65) / 18), 1/ms; L as in channel.h
//   h: opening 0.07 exp(-(V + 65) / 20), closing 1 / (1 + exp(-(V + 35) / 10))
// Hodgkin and Huxley 1952, doi:10.1113/jphysiol.1952.sp004764.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel squid_na_channel() {
    return {
        .name = "squid_Na",
        .ion = Ion::sodium,
        .gates = {{"m", 3,
                   [](double v) {
                       return from_rates(0.1 * linoid(v + 40, 10), 4 * std::exp(-(v + 65) / 18));
                   }},
                  {"h", 1,
                   [](double v) {
                       return from_rates(0.07 * std::exp(-(v + 65) / 20), sigmoid((v + 35) / 10));
                   }}},
        .reversal_mV = 0,
        .calcium_gated = false,
        .celsius = 6.3,
        .q10 = 3};
}

}  // namespace elm::cable
