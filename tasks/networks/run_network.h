#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/core/communicator.h"
#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "network/engine.h"
#include "network/recording/rate_spectrum.h"
#include "network/recording/spike_statistics.h"

namespace elm {

enum class NetworkEngine : std::uint8_t { time_stepped, event_driven };

/// Where a run leaves what it can go on from.
struct NetworkCheckpoints {
    std::string path = {};  // empty: none
    double seconds = 30;    // of wall time between two of them
    bool resume = false;    // go on from the one that is there
    bool keep_last = false;
    std::string config = {};  // kept with them
};

struct NetworkPlan {
    network::NetworkDescription network;
    NetworkEngine engine = NetworkEngine::time_stepped;
    Device device = {};
    DType precision = DType::f32;
    std::int64_t least_intervals = 5;  // of neurons that count for the CV
    NetworkCheckpoints checkpoints = {};
};

struct NetworkResult {
    std::unique_ptr<network::Engine> engine;
    double build_seconds = 0, simulate_seconds = 0;    // wall time
    double duration_ms = 0;                            // from the beginning of the network
    double simulated_ms = 0;                           // by this process
    std::vector<network::SpikeStatistics> statistics;  // by population, after what is discarded
    std::vector<network::RateSpectrum> spectra;        // likewise

    /// Wall time for a time of the network.
    double real_time_factor() const {
        return simulated_ms > 0 ? simulate_seconds * 1000 / simulated_ms : 0;
    }
};

/// Builds a network and simulates it for its duration, with progress on stderr. `between` is called
/// every 50 ms of its time or so, and may throw: then a checkpoint is written first. One that is to
/// go on from a checkpoint which is not there begins at its first step. `processes` share the work,
/// as time_stepped_engine.h says, and must outlive the result. Throws Error{unsupported} for
/// several with another engine, on a CUDA device, or with checkpoints.
NetworkResult run_network(const NetworkPlan& plan, Communicator& processes,
                          const std::function<void()>& between);

}  // namespace elm
