#include "tasks/networks/run_network.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "network/event_driven/event_driven_engine.h"
#include "network/recording/network_checkpoint.h"
#include "network/time_stepped/cuda/cuda_engine.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tasks/networks/step_of_fit.h"

namespace elm {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The checkpoints of one run.
class RunCheckpoints {
public:
    RunCheckpoints(const NetworkPlan& plan, network::Engine& engine)
        : plan_(plan.checkpoints),
          owner_{&plan.network,
                 plan.engine == NetworkEngine::time_stepped ? "time-stepped" : "event-driven",
                 plan.engine == NetworkEngine::time_stepped ? plan.precision : DType::f64},
          engine_(engine),
          last_(Clock::now()) {}

    /// Throws Error{invalid} for a checkpoint behind the end of the run.
    void resume(std::int64_t steps) {
        if (!plan_.resume) return;
        if (!std::filesystem::exists(plan_.path)) {
            log::info("{} is not there: the network begins at its first step", plan_.path);
            return;
        }
        network::read_network_checkpoint(plan_.path, owner_, engine_);
        const double step_ms = owner_.network->time_step_ms;
        ELM_CHECK(engine_.current_step() <= steps,
                  "{} is at {:g} ms, behind the end of the run at {:g} ms. Take a longer one.",
                  plan_.path, static_cast<double>(engine_.current_step()) * step_ms,
                  static_cast<double>(steps) * step_ms);
        log::info("going on from {} at {:g} ms", plan_.path,
                  static_cast<double>(engine_.current_step()) * step_ms);
    }

    /// Between two pieces of the run.
    void between(const std::function<void()>& body) {
        try {
            body();
        } catch (...) {
            write_after_failure();
            throw;
        }
        if (seconds_since(last_) >= plan_.seconds) write();
    }

    void write() {
        if (plan_.path.empty()) return;
        network::write_network_checkpoint(plan_.path, owner_, plan_.config, engine_);
        last_ = Clock::now();
        log::info("{} holds the network at {:g} ms", plan_.path,
                  static_cast<double>(engine_.current_step()) * owner_.network->time_step_ms);
    }

private:
    /// What went wrong first is what the run ends with.
    void write_after_failure() {
        try {
            write();
        } catch (const std::exception& error) {
            log::error("no checkpoint is left: {}", error.what());
        }
    }

    const NetworkCheckpoints& plan_;
    network::CheckpointOwner owner_;
    network::Engine& engine_;
    Clock::time_point last_;
};

std::string synapses_of(const network::Engine& engine) {
    const std::int64_t count = engine.n_synapses();
    if (count == 0) return "no synapses";
    return fmt::format("{} synapses of {:.3g} bytes", count,
                       static_cast<double>(engine.synapse_bytes()) / static_cast<double>(count));
}

std::unique_ptr<network::Engine> make_engine(const NetworkPlan& plan, Communicator& processes) {
    const bool has_steps = plan.engine == NetworkEngine::time_stepped;
    if (!has_steps && processes.size() > 1) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("the event-driven engine runs in one process, not in {}. Use the "
                                "time-stepped one, or start it without a launcher.",
                                processes.size()));
    }
    if (plan.device.kind == DeviceKind::cpu) {
        return has_steps
                   ? network::make_time_stepped_engine(plan.network, plan.precision, &processes)
                   : network::make_event_driven_engine(plan.network);
    }
    if (!has_steps) {
        throw Error(ErrorKind::unsupported,
                    "the event-driven engine runs on the CPU alone. Choose the CPU, or the "
                    "time-stepped engine.");
    }
    if (processes.size() > 1) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("a network on a CUDA device runs in one process, not in {}. "
                                "Choose the CPU, or start it without a launcher.",
                                processes.size()));
    }
    return network::make_cuda_engine(plan.network, plan.precision, plan.device);
}

}  // namespace

NetworkResult run_network(const NetworkPlan& plan, Communicator& processes,
                          const std::function<void()>& between) {
    const network::NetworkDescription& network = plan.network;
    const std::int64_t steps = std::llround(network.duration_ms / network.time_step_ms);
    ELM_CHECK(steps >= 1, "a duration of {:g} ms, expected at least one step of {:g} ms.",
              network.duration_ms, network.time_step_ms);
    if (processes.leads()) warn_of_other_steps(plan);
    NetworkResult result;
    const Clock::time_point build = Clock::now();
    result.engine = make_engine(plan, processes);
    result.build_seconds = seconds_since(build);
    network::Engine& engine = *result.engine;
    log::info("{} neurons, {}, built in {:.3g} s", network.n_neurons(), synapses_of(engine),
              result.build_seconds);

    RunCheckpoints checkpoints(plan, engine);
    checkpoints.resume(steps);
    const std::int64_t first = engine.current_step();
    const auto chunk = std::max<std::int64_t>(1, std::llround(50 / network.time_step_ms));
    Progress progress(network.name, steps, "steps");
    progress.start_at(first);
    const Clock::time_point start = Clock::now();
    while (engine.current_step() < steps) {
        checkpoints.between(between);
        engine.advance(std::min(chunk, steps - engine.current_step()));
        const double done_ms =
            static_cast<double>(engine.current_step() - first) * network.time_step_ms;
        progress.update(engine.current_step(), fmt::format("real-time factor {:.2g}",
                                                           seconds_since(start) * 1000 / done_ms));
    }
    progress.finish();
    result.simulate_seconds = seconds_since(start);
    result.duration_ms = static_cast<double>(steps) * network.time_step_ms;
    result.simulated_ms = static_cast<double>(steps - first) * network.time_step_ms;
    if (plan.checkpoints.keep_last) checkpoints.write();
    const double from_ms = std::min(network.discard_ms, result.duration_ms);
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        result.statistics.push_back(
            network::spike_statistics(engine.spikes()[p], network.populations[p].size, from_ms,
                                      result.duration_ms, plan.least_intervals));
        result.spectra.push_back(
            network::rate_spectrum(engine.spikes()[p], from_ms, result.duration_ms));
    }
    return result;
}

}  // namespace elm
