#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "network/connectivity/projection.h"
#include "network/connectivity/synapse_rows.h"
#include "network/neurons/channel.h"
#include "network/time_stepped/network_slice.h"

namespace elm::network {

/// Which inputs of which population get events that are no deposit, and need an array for them.
std::vector<std::vector<bool>> rows_needed(const NetworkDescription& network);

/// Steps after a spike in which it acts at the earliest: no more may be simulated at once.
std::int64_t steps_at_once(const NetworkDescription& network);

/// Says what the network needs and what there is before anything is taken. Throws Error{memory} if
/// that is too little.
template <class Real>
void require_memory(const NetworkDescription& network);

/// Connections of the network, ready to be drawn.
std::vector<std::unique_ptr<Projection>> projections_of(const NetworkDescription& network);

/// The part of a connection onto a slice; nothing if it has none there.
template <class Real>
std::optional<ProjectionPart> part_of(const NetworkDescription& network,
                                      const Projection& projection, NetworkSlice<Real>& slice);

/// All synapses onto a slice but the plastic ones.
template <class Real>
SynapseRows<Real> wire(const NetworkDescription& network,
                       const std::vector<std::unique_ptr<Projection>>& projections,
                       NetworkSlice<Real>& slice);

/// Where events of a channel go: a state, one step later, or the array of an input.
template <class Real>
SynapseTarget target_of(NetworkSlice<Real>& slice, std::size_t population, const Channel& channel);

}  // namespace elm::network
