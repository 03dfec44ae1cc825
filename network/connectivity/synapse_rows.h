#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "network/connectivity/huge_array.h"
#include "network/connectivity/projection.h"
#include "network/connectivity/synapse_group.h"

namespace elm::network {

/// Where the synapses of a projection act: slot and factor of the weight by the target and the
/// sign of the weight.
struct SynapseTarget {
    std::int64_t slot = 0;           // of the first neuron of the slice
    std::int64_t stride = 1;         // from one neuron to the next
    std::int64_t synapses = 1;       // slots of a neuron, of which each synapse has one
    const double* factor = nullptr;  // of each neuron of the slice; null: 1
    std::int64_t extra_steps = 0;    // later than the delay says
    bool takes_magnitude = false;
};
struct ProjectionPart {
    const Projection* projection = nullptr;
    std::int64_t first_source = 0;     // number of the first source in the network
    std::int64_t first = 0, last = 0;  // targets in the slice
    SynapseTarget positive, negative;  // by the sign of the weight
    double time_step_ms = 0;
};

/// All synapses onto one slice of the network, by source.
///
/// A row, the synapses of one source onto the neurons of one slice, is a run of groups of equal
/// delay, shorter delays first, and the head of a group without synapses.
template <class Real>
class SynapseRows {
public:
    SynapseRows() = default;
    /// Synapses of a group stand in the order of `parts`, then in that of the projection. Throws
    /// Error{memory}.
    SynapseRows(const std::vector<ProjectionPart>& parts, std::int64_t n_sources);

    /// Head of the first group; null where the source has none.
    const Synapse<Real>* row(std::int64_t source) const {
        const std::int64_t begin = begins_[source];
        return begin < 0 ? nullptr : synapses_.data() + begin;
    }
    /// The sources that have a row, and where it begins, in the order of both.
    struct RowStart {
        const Synapse<Real>* row;
        std::int64_t source;
    };
    std::vector<RowStart> row_starts() const;
    /// All rows one behind the other, heads and ends among them.
    std::span<const Synapse<Real>> entries() const {
        return {synapses_.data(), static_cast<std::size_t>(synapses_.size())};
    }
    std::int64_t n_sources() const { return begins_.size(); }
    std::int64_t n_synapses() const { return n_synapses_; }
    std::size_t bytes() const { return synapses_.bytes() + begins_.bytes(); }

private:
    HugeArray<Synapse<Real>> synapses_;
    HugeArray<std::int64_t> begins_;
    std::int64_t n_synapses_ = 0;
};

/// Bytes that n synapses take while they are sorted.
template <class Real>
double building_bytes(double n_synapses) {
    return n_synapses * static_cast<double>(sizeof(Synapse<Real>) + sizeof(std::uint16_t));
}

}  // namespace elm::network
