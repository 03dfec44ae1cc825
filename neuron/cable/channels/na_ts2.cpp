// Fast sodium current of soma and dendrites: I = g m^3 h (V - E_Na); gates in fast_sodium.h, with
// middles -32 (m) and -60 mV (h).
#include "neuron/cable/channels/fast_sodium.h"

namespace elm::cable {

Channel na_ts2_channel() {
    return {.name = "NaTs2_t",
            .ion = Ion::sodium,
            .gates = {{"m", 3, [](double v) { return sodium_activation(v, -32); }},
                      {"h", 1, [](double v) { return sodium_inactivation(v, -60); }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
