#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/core/dtype.h"
#include "network/engine.h"
#include "network/recording/spike_statistics.h"

namespace elm {

enum class NetworkEngine : std::uint8_t { time_stepped, event_driven };

struct NetworkPlan {
    network::NetworkDescription network;
    NetworkEngine engine = NetworkEngine::time_stepped;
    DType precision = DType::f32;
    std::int64_t least_intervals = 5;  // of neurons that count for the CV
};

struct NetworkResult {
    std::unique_ptr<network::Engine> engine;
    double build_seconds = 0, simulate_seconds = 0;    // wall time
    double duration_ms = 0;                            // simulated
    std::vector<network::SpikeStatistics> statistics;  // by population, after what is discarded

    /// Wall time for a time of the network.
    double real_time_factor() const { return simulate_seconds * 1000 / duration_ms; }
};

/// Builds a network and simulates it for its duration, with progress on stderr. `between` is called
/// every 50 ms of its time or so, and may throw.
NetworkResult run_network(const NetworkPlan& plan, const std::function<void()>& between);

}  // namespace elm
