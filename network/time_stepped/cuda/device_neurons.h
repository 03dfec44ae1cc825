#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "network/recording/spike_record.h"
#include "network/time_stepped/cuda/device_kernels.h"
#include "network/time_stepped/cuda/network_array.h"
#include "network/time_stepped/network_slice.h"
#include "network/time_stepped/slice_drive.h"

namespace elm::network {

/// Steps that are launched at once, and where their spikes and errors go.
struct NeuronWindow {
    EventRing ring;
    SpikeLog log;
    EventSum* failure;
    std::int64_t first_step, end_step;
    bool arrives_at_end;
};

/// The neurons of all populations on a device, with their Poisson inputs, currents and traces.
template <class Real>
class DeviceNeurons {
public:
    /// Arrays stand as in the arenas of the slices, one behind the other from `first_slots` on.
    /// Traces have room for `most_steps` of a log. The description must outlive it.
    DeviceNeurons(Stream& stream, const NetworkDescription& network,
                  std::vector<NetworkSlice<Real>>& slices,
                  const std::vector<SliceDrive<Real>>& drives,
                  const std::vector<std::int64_t>& first_slots, std::int64_t most_steps);

    void advance(Stream& stream, const NeuronWindow& window) const;

    /// Adds what was sampled in `steps` steps of the log from its first one, `first`, to the traces
    /// of the description's requests.
    void read_traces(Stream& stream, std::int64_t first, std::int64_t steps,
                     std::vector<TraceRecord>& traces) const;

    /// The arena of all slices.
    const NetworkArray<Real>& arena() const { return arena_; }
    NetworkArray<Real>& arena() { return arena_; }

private:
    struct Model {
        std::string_view name;
        std::vector<NeuronBlock> blocks;
        NetworkArray<NeuronBlock> device_blocks;
    };
    struct TracedPopulation {
        std::vector<std::int32_t> rows;  // by neuron, -1 without; empty: none is traced
        std::int32_t count = 0;
        std::int64_t n_states = 0;
        NetworkArray<std::int32_t> device_rows;
        NetworkArray<Real> values;  // (steps, traced neurons, states)
    };

    template <class T>
    const T* keep(Stream& stream, std::vector<NetworkArray<T>>& arrays, std::span<const T> values) {
        arrays.emplace_back(stream, values);
        return arrays.back().data();
    }
    void trace(Stream& stream, std::int64_t most_steps);
    NeuronPart<Real> part_of(Stream& stream, std::size_t p, NetworkSlice<Real>& slice,
                             const SliceDrive<Real>& drive, std::int64_t first_slot);
    void add_inputs(Stream& stream, std::size_t p, NetworkSlice<Real>& slice,
                    const SliceDrive<Real>& drive, NeuronPart<Real>& part);
    void add_blocks(std::string_view model, std::int32_t part, std::int64_t count);

    const NetworkDescription& network_;
    NetworkArray<Real> arena_;
    NetworkArray<NeuronPart<Real>> parts_;
    std::vector<Model> models_;
    std::vector<TracedPopulation> traced_;  // by population
    std::vector<NetworkArray<Real>> numbers_;
    std::vector<NetworkArray<std::uint32_t>> words_;
    std::vector<NetworkArray<PoissonTrains<Real>>> poisson_;
    std::vector<NetworkArray<LevelCurrent<Real>>> currents_;
};

}  // namespace elm::network
