// Transient potassium current: I = g m^4 h (V - E_K), at 34 degrees.
//   m: steady 1 / (1 + exp(-(V + 10) / 19)), tau 0.34 + 0.92 exp(-((V + 81) / 59)^2) ms
//   h: steady 1 / (1 + exp((V + 76) / 10)), tau 8 + 49 exp(-((V + 83) / 23)^2) ms
// Hay, Hill, Schuermann, Markram, Segev 2011, doi:10.1371/journal.pcbi.1002107, after Korngreen
// and Sakmann 2000, doi:10.1111/j.1469-7793.2000.00621.x.
#include "neuron/cable/channels/channel.h"

namespace elm::cable {
namespace {

double bell(double v, double middle_mV, double width_mV) {
    const double x = (v - middle_mV) / width_mV;
    return std::exp(-x * x);
}

}  // namespace

Channel k_t_channel() {
    return {.name = "K_Tst",
            .ion = Ion::potassium,
            .gates = {{"m", 4,
                       [](double v) {
                           return GateValue{sigmoid((v + 10) / 19),
                                            (0.34 + 0.92 * bell(v, -81, 59)) / speed_at_34};
                       }},
                      {"h", 1,
                       [](double v) {
                           return GateValue{sigmoid(-(v + 76) / 10),
                                            (8 + 49 * bell(v, -83, 23)) / speed_at_34};
                       }}},
            .reversal_mV = 0,
            .calcium_gated = false,
            .celsius = 34,
            .q10 = 2.3};
}

}  // namespace elm::cable
