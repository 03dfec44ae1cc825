#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "network/connectivity/projection.h"
#include "network/plasticity/plastic_synapses.h"
#include "network/recording/state_file.h"
#include "network/time_stepped/network_slice.h"

namespace elm::network {

/// The synapses of a plastic connection onto one slice.
template <class Real>
struct PlasticConnection {
    std::size_t connection, from, to;  // of the description
    PlasticSynapses<Real> synapses;
};

/// Those of all plastic connections that have targets in the slice.
template <class Real>
std::vector<PlasticConnection<Real>> plastic_onto(
    const NetworkDescription& network, const std::vector<std::unique_ptr<Projection>>& projections,
    NetworkSlice<Real>& slice);

/// The state of one connection, to a file and from it: what stands there does not depend on the
/// cut into slices, whose synapses `parts` are.
template <class Real>
void exchange_plastic(StateFile& state, const NetworkDescription& network, std::size_t connection,
                      std::span<PlasticSynapses<Real>* const> parts);

}  // namespace elm::network
