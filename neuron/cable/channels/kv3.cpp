// Fast non-inactivating potassium current: I = g m (V - E_K).
//   m: steady 1 / (1 + exp(-(V - 18.7) / 9.7)), tau 4 / (1 + exp(-(V + 46.56) / 44.14)) ms
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Rettig et
// al. 1992, EMBO J 11:2473.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel kv3_channel() {
    return {.name = "SKv3_1",
            .ion = Ion::potassium,
            .gates =
                {{"m", 1,
                  [](double v) {
                      return GateValue{sigmoid((v - 18.7) / 9.7), 4 * sigmoid((v + 46.56) / 44.14)};
                  }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = {}};
}

}  // namespace elm::cable
