#pragma once

#include <cstdint>
#include <vector>

#include "network/time_stepped/cuda/device_network.h"
#include "network/time_stepped/cuda/network_array.h"
#include "network/time_stepped/slice_drive.h"

namespace elm::network {

/// The sources of spikes of a network on a device.
class DeviceSources {
public:
    DeviceSources() = default;
    /// `drives`: of all slices.
    template <class Real>
    DeviceSources(Stream& stream, const NetworkDescription& network,
                  const std::vector<SliceDrive<Real>>& drives);

    /// Puts the spikes of steps [first, end) into the log.
    void advance(Stream& stream, const SpikeLog& log, std::int64_t first, std::int64_t end) const;

private:
    std::vector<PoissonSourceAdvance> poisson_;
    std::vector<std::int64_t> steps_;  // of the listed spikes, in order
    NetworkArray<std::int64_t> device_steps_;
    NetworkArray<std::uint32_t> device_ids_;
};

}  // namespace elm::network
