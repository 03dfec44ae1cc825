#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "network/recording/state_file.h"
#include "network/time_stepped/delivery.h"
#include "network/time_stepped/network_slice.h"
#include "network/time_stepped/slice_drive.h"

/// The state of a network that is cut into slices, to a file and from it: what stands there does
/// not depend on the cut.
namespace elm::network {

/// What one thread holds of it.
template <class Real>
struct SliceParts {
    NetworkSlice<Real>* slice;
    SliceDrive<Real>* drive;
    Delivery<Real>* delivery;
};

/// Arrays of the neurons of population p, and the states of its ELM neurons.
template <class Real>
void exchange_neurons(StateFile& state, std::size_t p, std::span<const SliceParts<Real>> parts);

/// A spike of which something is still to arrive, and the share of its weights that it transmits.
struct SpikeOnItsWay {
    std::int64_t step, source;
    double share;
};
/// Those at the end of `step`, in the order in which they were sent.
void exchange_spikes(StateFile& state, std::int64_t step, std::int64_t n_sources,
                     std::vector<SpikeOnItsWay>& spikes);

/// Spikes on their way at the end of `step`, of which all that acts in it has arrived. Those of a
/// file are sent again.
template <class Real>
void exchange_spikes_on_their_way(StateFile& state, std::int64_t step,
                                  std::span<const SliceParts<Real>> parts);

}  // namespace elm::network
