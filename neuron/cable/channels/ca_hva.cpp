// High-voltage-activated calcium current: I = g m^2 h (V - E_Ca).
//   m: opening 0.055 L(V + 27, 3.8), closing 0.94 exp(-(V + 75) / 17), 1/ms; L as in channel.h
//   h: opening 0.000457 exp(-(V + 13) / 50), closing 0.0065 / (1 + exp(-(V + 15) / 28))
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Reuveni,
// Friedman, Amitai, Gutnick 1993, doi:10.1523/JNEUROSCI.13-11-04609.1993.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel ca_hva_channel() {
    return {.name = "Ca_HVA",
            .ion = Ion::calcium,
            .gates = {{"m", 2,
                       [](double v) {
                           return from_rates(0.055 * linoid(v + 27, 3.8),
                                             0.94 * std::exp(-(v + 75) / 17));
                       }},
                      {"h", 1,
                       [](double v) {
                           return from_rates(0.000457 * std::exp(-(v + 13) / 50),
                                             0.0065 * sigmoid((v + 15) / 28));
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = {}};
}

}  // namespace elm::cable
