#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/core/random/random_key.h"
#include "network/time_stepped/cuda/event_ring.h"
#include "neuron/point/neuron.h"

/// A network as kernels see it: plain structs of pointers to device memory.
namespace elm::network {

/// Spikes since the last time that the host read them, in any order: step since `first_step` in the
/// upper half of a word, number of the neuron in the network in the lower one.
struct SpikeLog {
    EventSum* spikes = nullptr;
    EventSum* count = nullptr;
    std::int64_t first_step = 0;

    ELM_HD EventSum entry(std::int64_t step, std::uint32_t neuron) const {
        return static_cast<EventSum>(step - first_step) << 32 | neuron;
    }
};

/// Poisson trains of events into neurons [first, last) of a part, one for each.
template <class Real>
struct PoissonTrains {
    RandomKey key;
    const std::uint32_t* purposes;  // of the counts that are added up
    std::int32_t n_purposes;
    const std::uint32_t* thresholds;  // see PoissonCounts
    std::int32_t n_thresholds;
    std::int32_t target;  // state; behind the states, input
    std::int64_t first, last, start, stop;
    const Real* weights;
    std::int64_t weight_stride;  // 0: one for all
};

/// A current into all neurons of a part.
template <class Real>
struct LevelCurrent {
    std::int64_t start, stop;
    Real amplitude;
    std::int32_t input;
};

/// Neurons [first, first + count) of one population: arrays of a number each.
template <class Real>
struct NeuronPart {
    static constexpr int most_states = 12, most_inputs = 4;

    std::int64_t count, first;
    std::uint32_t first_id;
    ResetKind reset;
    Real* states[most_states];
    Real* refractory_left;
    Real* spike;                // null where the model does not look at it
    Real* inputs[most_inputs];  // what came for the next step; null where nothing needs them
    std::int64_t state_slots[most_states], input_slots[most_inputs];  // in the ring; -1: none
    const Real* coefficients;  // one behind the other, `coefficient_stride` apart
    const Real* refractory_steps;
    std::int64_t coefficient_stride;
    std::int64_t neuron_stride;  // of coefficients and refractory steps; 0: one for all
    const PoissonTrains<Real>* poisson;
    const LevelCurrent<Real>* currents;
    std::int32_t n_poisson, n_currents;
    // Where the states of traced neurons go: (steps of the log, traced neurons, states).
    const std::int32_t* trace_rows;  // by neuron, -1 for others; null: none is traced
    Real* trace;
    std::int64_t traced;
};

/// Which neurons a block advances.
struct NeuronBlock {
    std::int32_t part;
    std::int32_t first;
};

/// Steps [first_step, end_step) of all neurons of one model. What acts in the first step of the log
/// has been added before; `arrives_at_end`: what acts in end_step is added, too.
template <class Real>
struct NeuronAdvance {
    static constexpr int block_threads = 128;

    const NeuronPart<Real>* parts;
    const NeuronBlock* blocks;
    std::int64_t n_blocks;
    EventRing ring;
    SpikeLog log;
    EventSum* failure;  // the least entry of the log of a neuron that is not finite
    std::int64_t first_step, end_step;
    bool arrives_at_end;
};

/// Steps of a population of independent Poisson trains, one spike a step at most.
struct PoissonSourceAdvance {
    RandomKey key;
    double probability;
    std::int64_t size;
    std::uint32_t first_id;
    SpikeLog log;
    std::int64_t first_step, end_step;
};

/// Puts `count` listed spikes into the log.
struct ListedSourceAdvance {
    const std::int64_t* steps;
    const std::uint32_t* ids;
    std::int64_t count;
    SpikeLog log;
};

/// Neighbouring synapses of one source and one delay; their bytes are those of SynapseGroup.
template <class Real>
struct SynapseSegment {
    static constexpr std::int64_t most = 256;  // synapses

    std::int64_t at;     // where the first one stands, in bytes
    std::uint32_t slot;  // in the ring, of what the slots of the synapses count from
    std::uint16_t count, delay;
    std::uint32_t slot_bytes;  // 2 or 4: all have `weight`; 0: each has slot and weight
    Real weight;
};

/// Adds the synapses of the spikes that came to the log since the last delivery to the ring. Such
/// as act up to step `arrived` are left out.
template <class Real>
struct SpikeDelivery {
    const std::byte* synapses;
    const SynapseSegment<Real>* segments;
    const std::int64_t* segment_begins;  // by source, and one behind the last
    std::int64_t most_segments;          // of a source
    EventRing ring;
    SpikeLog log;
    EventSum* ends;  // of the log: [delivery] at the last delivery, [delivery + 1] is set
    std::int64_t delivery;
    std::int64_t arrived;
    unsigned n_blocks;  // as many as the device holds
};

}  // namespace elm::network
