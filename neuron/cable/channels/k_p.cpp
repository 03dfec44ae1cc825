// Persistent potassium current: I = g m^2 h (V - E_K), at 34 degrees.
//   m: steady 1 / (1 + exp(-(V + 11) / 12)); tau 1.25 + 175.03 exp(0.026 (V + 10)) ms below -60 mV,
//      1.25 + 13 exp(-0.026 (V + 10)) ms from there on
//   h: steady 1 / (1 + exp((V + 64) / 11)),
//      tau 360 + (1010 + 24 (V + 65)) exp(-((V + 85) / 48)^2) ms
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Korngreen
// and Sakmann 2000, doi:10.1111/j.1469-7793.2000.00621.x.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {

Channel k_p_channel() {
    return {.name = "K_Pst",
            .ion = Ion::potassium,
            .gates = {{"m", 2,
                       [](double v) {
                           const double slow = v < -60 ? 175.03 * std::exp(0.026 * (v + 10))
                                                       : 13 * std::exp(-0.026 * (v + 10));
                           return GateValue{sigmoid((v + 11) / 12), (1.25 + slow) / speed_at_34};
                       }},
                      {"h", 1,
                       [](double v) {
                           const double x = (v + 85) / 48;
                           const double bell = (1010 + 24 * (v + 65)) * std::exp(-x * x);
                           return GateValue{sigmoid(-(v + 64) / 11), (360 + bell) / speed_at_34};
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
