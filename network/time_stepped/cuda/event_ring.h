#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/host_device.h"

namespace elm::network {

/// A sum of weights as a whole number of units, modulo 2^64: its bits do not depend on the order in
/// which events are added. CUDA adds this type atomically.
using EventSum = unsigned long long;

/// Synaptic events on their way to the neurons: for each of the next steps, a sum for each slot.
///
/// A weight w counts as the nearest multiple of `unit`, a power of two that is chosen such that all
/// synapses of a slot together stay below 2^61 units: with weights of w onto a slot of N synapses
/// the error of an event is at most N w 2^-61. What acts in a step is exact but for that.
struct EventRing {
    EventSum* sums = nullptr;
    std::int64_t slots = 0;
    std::int64_t steps = 1;  // a power of two
    double unit = 1, per_unit = 1;

    ELM_HD EventSum* at(std::int64_t step) const { return sums + (step & (steps - 1)) * slots; }
    ELM_HD EventSum to_sum(double weight) const {
        return static_cast<EventSum>(static_cast<long long>(rint(weight * per_unit)));
    }
    ELM_HD double from_sum(EventSum sum) const {
        return static_cast<double>(static_cast<long long>(sum)) * unit;
    }
};

}  // namespace elm::network
