// Low-voltage-activated calcium current: I = g m^2 h (V - E_Ca), at 34 degrees.
//   m: steady 1 / (1 + exp(-(V + 40) / 6)), tau 5 + 20 / (1 + exp((V + 35) / 5)) ms
//   h: steady 1 / (1 + exp((V + 90) / 6.4)), tau 20 + 50 / (1 + exp((V + 50) / 7)) ms
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Avery and
// Johnston 1996, doi:10.1523/JNEUROSCI.16-18-05567.1996.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel ca_lva_channel() {
    return {.name = "Ca_LVAst",
            .ion = Ion::calcium,
            .gates = {{"m", 2,
                       [](double v) {
                           return GateValue{sigmoid((v + 40) / 6),
                                            (5 + 20 * sigmoid(-(v + 35) / 5)) / speed_at_34};
                       }},
                      {"h", 1,
                       [](double v) {
                           return GateValue{sigmoid(-(v + 90) / 6.4),
                                            (20 + 50 * sigmoid(-(v + 50) / 7)) / speed_at_34};
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
