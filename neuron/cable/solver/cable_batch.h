#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "neuron/cable/solver/cable_body.h"
#include "neuron/cable/solver/rate_tables.h"
#include "neuron/cable/solver/recording_store.h"

namespace elm::cable {

/// A plan as the step in cable_body.h reads it, in float32.
struct BatchPlan {
    BatchPlan(const CablePlan& plan, const std::vector<Trial>& trials);

    BatchView view() const;

    std::vector<BatchNode> nodes;
    std::vector<BatchKind> kinds;
    std::vector<BatchChannel> channels;
    std::vector<float> densities;
    RateTables tables;
    BatchSynapses synapses{};
    float voltage_scale = 1;
    double dt_ms = 0;
    BatchEvent ampa{}, nmda{}, gaba{};
    std::vector<int> clamped_segments;      // that any trial puts current into, rising
    std::vector<std::int32_t> site_states;  // (sites) first of the six synaptic states
};

/// First divergence in a group of trials: a voltage beyond 1000 mV.
struct Divergence {
    std::size_t trial = 0;
    int step = 0;
    int node = 0;
    double voltage_mV = 0;
};

/// One run of simulate(), as its groups share it.
struct BatchRun {
    const CablePlan& plan;
    const BatchPlan& batch;
    const std::vector<Trial>& trials;
    const std::vector<Probe>& probes;
    const std::vector<int>& probe_channels;  // of all_channels(), -1 where the probe needs none
    int steps;
    RecordingStore& recordings;
    std::atomic<std::int64_t> trial_steps_done{0};
    std::atomic<bool> stopped{false};
};

/// Lanes of one group, when that many trials are to be done on that many threads.
int lanes_of_group(std::size_t trials, int threads);

/// Runs trials [first, first + lanes) as far as there are, on the calling thread, in vector lanes.
/// `tick` is called every few steps. Returns the first divergence.
std::optional<Divergence> run_group(BatchRun& run, std::size_t first, int lanes,
                                    const std::function<void()>& tick);

}  // namespace elm::cable
