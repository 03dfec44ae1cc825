#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "network/connectivity/huge_array.h"
#include "network/connectivity/projection.h"

namespace elm::network {

/// A synapse of a row: what it adds, and where. 8 bytes in float, 12 in double.
///
/// A row, the synapses of one source onto the neurons of one slice, is a run of groups of equal
/// delay, shorter delays first: a head (slot: synapses that follow; weight: their delay in steps,
/// a whole number), then those synapses; a head without synapses ends the row. So one who knows
/// where the next group begins reads memory straight on and needs no other table.
template <class Real>
struct __attribute__((packed, aligned(4))) Synapse {
    std::uint32_t slot;
    Real weight;
};
static_assert(sizeof(Synapse<float>) == 8 && sizeof(Synapse<double>) == 12);

/// Where the synapses of a projection act: slot and factor of the weight by the target and the
/// sign of the weight.
struct SynapseTarget {
    std::int64_t slot = 0;           // of the first neuron of the slice
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
template <class Real>
class SynapseRows {
public:
    SynapseRows() = default;
    /// Synapses of a group stand in the order of `parts`, then in that of the projection. Throws
    /// Error{memory}.
    SynapseRows(const std::vector<ProjectionPart>& parts, std::int64_t n_sources);

    /// Null where the source has none.
    const Synapse<Real>* row(std::int64_t source) const {
        const std::int64_t begin = begins_[source];
        return begin < 0 ? nullptr : synapses_.data() + begin;
    }
    std::int64_t n_synapses() const { return n_synapses_; }
    std::size_t bytes() const { return synapses_.bytes() + begins_.bytes(); }
    std::int64_t longest_delay() const { return longest_delay_; }

private:
    void count(const std::vector<ProjectionPart>& parts, std::vector<std::uint32_t>& counts);
    void sort_row(std::int64_t source, std::uint32_t count, std::int64_t heads,
                  std::uint16_t* delays, std::vector<Synapse<Real>>& scratch,
                  std::vector<std::uint32_t>& starts);

    HugeArray<Synapse<Real>> synapses_;
    HugeArray<std::int64_t> begins_;
    std::int64_t n_synapses_ = 0, longest_delay_ = 0;
};

/// Steps of a delay, the nearest.
std::int64_t delay_steps_of(double delay_ms, double time_step_ms);

/// Bytes that n synapses take while they are sorted.
template <class Real>
double building_bytes(double n_synapses) {
    return n_synapses * static_cast<double>(sizeof(Synapse<Real>) + sizeof(std::uint16_t));
}

}  // namespace elm::network
