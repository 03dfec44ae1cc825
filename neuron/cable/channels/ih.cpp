// Hyperpolarisation-activated cation current: I = g m (V + 45).
//   opening 0.00643 L(-(V + 154.9), 11.9), closing 0.193 exp(V / 33.1), 1/ms; L as in channel.h.
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Kole,
// Hallermann, Stuart 2006, doi:10.1523/JNEUROSCI.3664-05.2006.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel ih_channel() {
    return {.name = "Ih",
            .ion = Ion::none,
            .gates = {{"m", 1,
                       [](double v) {
                           return from_rates(0.00643 * linoid(-(v + 154.9), 11.9),
                                             0.193 * std::exp(v / 33.1));
                       }}},
            .reversal_mV = -45,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = {}};
}

}  // namespace elm::cable
