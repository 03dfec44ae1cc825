#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "network/connectivity/synapse_rows.h"
#include "network/time_stepped/cuda/device_network.h"

namespace elm::network {

/// The rows of all slices cut into segments, so that nobody has to read a row from its beginning to
/// know where a group of it stands.
template <class Real>
struct SegmentedRows {
    std::vector<SynapseSegment<Real>> segments;  // by source, then slice
    std::vector<std::int64_t> begins;            // by source, and one behind the last
    std::vector<std::uint32_t> degrees;          // synapses by source
    std::vector<std::uint16_t> delays;           // the longest by source, steps
    std::int64_t most_segments = 1;              // of a source
    std::int64_t longest_delay = 0;              // of all, steps
    double largest_sum = 0;                      // of the magnitudes of all weights onto a slot
};

/// `first_slots`, by slice and one behind the last: where its slots begin among those of all
/// slices. The entries of the slices stand one behind the other.
template <class Real>
SegmentedRows<Real> segment_rows(std::span<const SynapseRows<Real>> slices,
                                 std::span<const std::int64_t> first_slots);

}  // namespace elm::network
