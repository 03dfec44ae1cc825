#pragma once

#include "neuron/cable/channels/channel.h"

/// Gates of fast sodium currents, at 34 degrees, rates in 1/ms at 21 degrees; L as in channel.h.
/// Source: Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, after Colbert and Pan 2002,
/// doi:10.1038/nn0602-857.
namespace elm::cable {

/// opening 0.182 L(x, 6), closing 0.124 L(-x, 6), x = V - middle.
inline GateValue sodium_activation(double v, double middle_mV) {
    const double x = v - middle_mV;
    return from_rates(0.182 * linoid(x, 6), 0.124 * linoid(-x, 6), speed_at_34);
}

/// opening 0.015 L(-x, 6), closing 0.015 L(x, 6), x = V - middle.
inline GateValue sodium_inactivation(double v, double middle_mV) {
    const double x = v - middle_mV;
    return from_rates(0.015 * linoid(-x, 6), 0.015 * linoid(x, 6), speed_at_34);
}

}  // namespace elm::cable
