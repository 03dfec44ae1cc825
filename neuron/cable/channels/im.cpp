// Muscarinic potassium current: I = g m (V - E_K), at 34 degrees.
//   opening 0.0033 exp((V + 35) / 10), closing 0.0033 exp(-(V + 35) / 10), 1/ms at 21 degrees.
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Adams,
// Brown, Constanti 1982, doi:10.1113/jphysiol.1982.sp014357.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel im_channel() {
    return {.name = "Im",
            .ion = Ion::potassium,
            .gates = {{"m", 1,
                       [](double v) {
                           return from_rates(0.0033 * std::exp(0.1 * (v + 35)),
                                             0.0033 * std::exp(-0.1 * (v + 35)), speed_at_34);
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
