#include "neuron/cable/solver/cable_run.h"

#include <exception>
#include <mutex>
#include <thread>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "neuron/cable/solver/cable_batch.h"
#include "neuron/cable/solver/cable_device.h"
#include "neuron/cable/solver/cable_exact.h"

namespace elm::cable {
namespace {

std::string place_of(const Cell& cell, const CablePlan& plan, int node) {
    const Node& at = cell.compartments.nodes[static_cast<std::size_t>(node)];
    const int segment = plan.nodes[static_cast<std::size_t>(node)].segment;
    const std::string& section =
        cell.compartments.sections[static_cast<std::size_t>(at.section)].name;
    if (segment < 0) return fmt::format("the end of {}", section);
    return fmt::format("{}({:.3g}), segment {}", section, at.x, segment);
}

[[noreturn]] void throw_divergence(const Cell& cell, const CablePlan& plan,
                                   const Divergence& found) {
    throw Error(ErrorKind::numeric,
                fmt::format("the voltage of trial {} is {:.4g} mV at {:.3f} ms in {}: expected "
                            "-1000 to 1000 mV. Check densities and currents, or take a smaller "
                            "time step.",
                            found.trial, found.voltage_mV, found.step * plan.dt_ms,
                            place_of(cell, plan, found.node)));
}

void check_trials(const Cell& cell, const std::vector<Trial>& trials) {
    const auto segments = static_cast<int>(cell.compartments.segments.size());
    for (std::size_t i = 0; i < trials.size(); ++i) {
        for (const CurrentClamp& clamp : trials[i].clamps) {
            ELM_CHECK(clamp.segment >= 0 && clamp.segment < segments,
                      "a clamp of trial {} is on segment {}: the cell has {}.", i, clamp.segment,
                      segments);
            ELM_CHECK(std::isfinite(clamp.amplitude_nA) && clamp.start_ms >= 0 &&
                          (clamp.decay_ms > 0 ? clamp.rise_ms > 0 && clamp.rise_ms < clamp.decay_ms
                                              : clamp.duration_ms > 0),
                      "clamp of {} nA at {} ms in trial {}: expected a duration above 0, or a rise "
                      "above 0 and below the decay.",
                      clamp.amplitude_nA, clamp.start_ms, i);
        }
    }
}

std::vector<int> check_probes(const Cell& cell, const std::vector<Probe>& probes) {
    std::vector<int> channels;
    const auto segments = static_cast<int>(cell.compartments.segments.size());
    for (const Probe& probe : probes) {
        ELM_CHECK(probe.segment >= 0 && probe.segment < segments,
                  "a probe is on segment {}: the cell has {}.", probe.segment, segments);
        ELM_CHECK(probe.every_steps >= 1, "a probe is read every {} steps: expected 1 or more.",
                  probe.every_steps);
        channels.push_back(probe.channel.empty() ? -1 : find_channel(probe.channel));
    }
    return channels;
}

/// Each trial by itself, in double precision.
void run_exact(const CablePlan& plan, const std::vector<Trial>& trials, const RunOptions& options,
               const std::vector<int>& channels, int steps, RecordingStore& recordings,
               std::atomic<std::int64_t>& done, std::atomic<bool>& stopped, std::size_t trial,
               const std::function<void()>& tick) {
    ExactCell cell(plan, trials[trial], trial);
    for (int step = 0; step <= steps; ++step) {
        for (std::size_t p = 0; p < options.probes.size(); ++p) {
            const Probe& probe = options.probes[p];
            if (step % probe.every_steps != 0) continue;
            const int node = plan.segment_nodes[static_cast<std::size_t>(probe.segment)];
            const double value = plan.read(probe, channels[p], cell.voltage(node), [&](int at) {
                return cell.state()[static_cast<std::size_t>(at)];
            });
            recordings.put(trial, p, static_cast<float>(value));
        }
        recordings.finish_step(step, trial, 1);
        if (step == steps) break;
        cell.step();
        if (step % 40 != 0 && step + 1 != steps) continue;
        for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
            const double v = cell.voltage(static_cast<int>(i));
            if (std::abs(v) < 1000) continue;
            throw_divergence(*plan.cell, plan, {trial, step + 1, static_cast<int>(i), v});
        }
        done += 40;
        tick();
        if (stopped) return;
    }
}

}  // namespace

const char* name_of(Scheme scheme) noexcept {
    return scheme == Scheme::backward_euler ? "backward-euler" : "crank-nicolson";
}

std::vector<TrialRecording> simulate(const Cell& cell, const std::vector<Trial>& trials,
                                     const RunOptions& options) {
    const CablePlan plan = make_plan(cell, options);
    const int steps = plan.steps(options.duration_ms);
    check_trials(cell, trials);
    const std::vector<int> channels = check_probes(cell, options.probes);
    RecordingStore recordings(options, trials.size(), steps);
    const BatchPlan batch(plan, trials);
    BatchRun run{plan, batch, trials, options.probes, channels, steps, recordings, {}, {}};
    const std::int64_t all = static_cast<std::int64_t>(trials.size()) * steps;
    const std::thread::id caller = std::this_thread::get_id();
    const std::function<void()> tick = [&] {
        if (!options.progress || std::this_thread::get_id() != caller) return;
        if (!options.progress(std::min(all, run.trial_steps_done.load()), all)) run.stopped = true;
    };
    const bool exact = options.precision == DType::f64;
    if (options.device.kind == DeviceKind::cuda) {
        if (exact) {
            throw Error(
                ErrorKind::unsupported,
                "a biophysical cell runs in float32 on CUDA. Use the device cpu for float64.");
        }
        if (const auto found = run_on_device(run, options.device, tick)) {
            throw_divergence(cell, plan, *found);
        }
        if (run.stopped) return {};
        return recordings.take();
    }
    const int lanes = exact ? 1 : lanes_of_group(trials.size(), thread_count());
    const auto groups =
        (trials.size() + static_cast<std::size_t>(lanes) - 1) / static_cast<std::size_t>(lanes);
    std::mutex lock;
    std::exception_ptr failure;
    Cpu::for_each_task(static_cast<std::int64_t>(groups), [&](std::int64_t group) {
        if (run.stopped) return;
        const std::size_t first = static_cast<std::size_t>(group) * static_cast<std::size_t>(lanes);
        try {
            if (exact) {
                run_exact(plan, trials, options, channels, steps, recordings, run.trial_steps_done,
                          run.stopped, first, tick);
            } else if (const auto found = run_group(run, first, lanes, tick)) {
                throw_divergence(cell, plan, *found);
            }
        } catch (...) {
            const std::lock_guard guard(lock);
            if (!failure) failure = std::current_exception();
            run.stopped = true;
        }
    });
    if (failure) std::rethrow_exception(failure);
    if (run.stopped) return {};
    return recordings.take();
}

}  // namespace elm::cable
