#pragma once

#include <cstdint>
#include <vector>

#include "network/connectivity/synapse_rows.h"
#include "network/time_stepped/network_slice.h"
#include "network/time_stepped/slice_drive.h"

namespace elm::network {

/// Throws Error{unsupported} naming what of a network does not run on a CUDA device.
void require_cuda_support(const NetworkDescription& network);

/// What the host makes of a network before a device has anything, on all its threads.
template <class Real>
struct HostNetwork {
    /// The description must outlive it. Throws Error{memory}.
    explicit HostNetwork(const NetworkDescription& network);

    std::int64_t synapse_bytes() const;
    std::int64_t n_synapses() const;

    std::vector<NetworkSlice<Real>> slices;
    std::vector<SliceDrive<Real>> drives;
    std::vector<SynapseRows<Real>> rows;       // by slice
    std::vector<std::int64_t> first_slots{0};  // by slice, and one behind the last
};

}  // namespace elm::network
