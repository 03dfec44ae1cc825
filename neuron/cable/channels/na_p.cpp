// Persistent sodium current: I = g m^3 h (V - E_Na), at 34 degrees.
//   m: steady 1 / (1 + exp(-(V + 52.6) / 4.6)), tau 6 times that of the fast current's m at -38 mV
//   h: steady 1 / (1 + exp((V + 48.8) / 10)), tau 1 / (a + b),
//      a = 2.88e-6 L(-(V + 17), 4.63), b = 6.94e-6 L(V + 64.4, 2.63), 1/ms; L as in channel.h
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Magistretti
// and Alonso 1999, doi:10.1085/jgp.114.4.491.
#include "neuron/cable/channels/fast_sodium.h"

namespace elm::cable {

Channel na_p_channel() {
    return {
        .name = "Nap_Et2",
        .ion = Ion::sodium,
        .gates =
            {{"m", 3,
              [](double v) {
                  return GateValue{sigmoid((v + 52.6) / 4.6), 6 * sodium_activation(v, -38).tau_ms};
              }},
             {"h", 1,
              [](double v) {
                  const GateValue rates = from_rates(2.88e-6 * linoid(-(v + 17), 4.63),
                                                     6.94e-6 * linoid(v + 64.4, 2.63), speed_at_34);
                  return GateValue{sigmoid(-(v + 48.8) / 10), rates.tau_ms};
              }}},
        .reversal_mV = 0,
        .calcium_gated = false,
        .celsius = 34,
        .q10 = 2.3};
}

}  // namespace elm::cable
