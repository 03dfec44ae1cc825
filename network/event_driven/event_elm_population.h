#pragma once

#include <cstdint>
#include <memory>

#include "network/event_driven/event_population.h"

namespace elm::network {

/// The ELM neurons of population p, see event_elm.h. A neuron is advanced where inputs reach it,
/// and where none came for the longest gap of its ElmNode; there it may spike, with the probability
/// 1 - (1 - p)^(gap / fit step) of the gap before, or where p reaches the threshold, later than
/// the refractory period behind its last spike. The input of an arrival is that of the model.
/// run() throws Error{numeric} naming population, neuron and time where an output stops being
/// finite.
std::unique_ptr<EventPopulation> make_event_elm_population(const NetworkDescription& network,
                                                           std::size_t p);

}  // namespace elm::network
