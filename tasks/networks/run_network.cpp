#include "tasks/networks/run_network.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "network/event_driven/event_driven_engine.h"
#include "network/time_stepped/time_stepped_engine.h"

namespace elm {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

NetworkResult run_network(const NetworkPlan& plan, const std::function<void()>& between) {
    const network::NetworkDescription& network = plan.network;
    const std::int64_t steps = std::llround(network.duration_ms / network.time_step_ms);
    ELM_CHECK(steps >= 1, "a duration of {:g} ms, expected at least one step of {:g} ms.",
              network.duration_ms, network.time_step_ms);
    NetworkResult result;
    const Clock::time_point build = Clock::now();
    result.engine = plan.engine == NetworkEngine::time_stepped
                        ? network::make_time_stepped_engine(network, plan.precision)
                        : network::make_event_driven_engine(network);
    result.build_seconds = seconds_since(build);
    network::Engine& engine = *result.engine;
    log::info("{} neurons, {} synapses of {:.3g} bytes, built in {:.3g} s", network.n_neurons(),
              engine.n_synapses(),
              static_cast<double>(engine.synapse_bytes()) /
                  static_cast<double>(std::max<std::int64_t>(1, engine.n_synapses())),
              result.build_seconds);

    const auto chunk = std::max<std::int64_t>(1, std::llround(50 / network.time_step_ms));
    Progress progress(network.name, steps, "steps");
    const Clock::time_point start = Clock::now();
    while (engine.current_step() < steps) {
        between();
        engine.advance(std::min(chunk, steps - engine.current_step()));
        const double done_ms = static_cast<double>(engine.current_step()) * network.time_step_ms;
        progress.update(engine.current_step(), fmt::format("real-time factor {:.2g}",
                                                           seconds_since(start) * 1000 / done_ms));
    }
    progress.finish();
    result.simulate_seconds = seconds_since(start);
    result.duration_ms = static_cast<double>(steps) * network.time_step_ms;
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        result.statistics.push_back(
            network::spike_statistics(engine.spikes()[p], network.populations[p].size,
                                      std::min(network.discard_ms, result.duration_ms),
                                      result.duration_ms, plan.least_intervals));
    }
    return result;
}

}  // namespace elm
