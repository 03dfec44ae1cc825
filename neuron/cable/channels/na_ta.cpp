// Fast sodium current of the axon: I = g m^3 h (V - E_Na); gates in fast_sodium.h, with middles -38
// (m) and -66 mV (h).
#include "neuron/cable/channels/fast_sodium.h"

namespace elm::cable {

Channel na_ta_channel() {
    return {.name = "NaTa_t",
            .ion = Ion::sodium,
            .gates = {{"m", 3, [](double v) { return sodium_activation(v, -38); }},
                      {"h", 1, [](double v) { return sodium_inactivation(v, -66); }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
