#include "tasks/networks/run_nir.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/counted.h"
#include "kernels/io/hdf5_file.h"
#include "network/interchange/nir/nir_recording.h"
#include "network/recording/spike_group.h"
#include "network/recording/spike_statistics.h"
#include "network/time_stepped/spike_step.h"
#include "tasks/networks/network_spikes.h"

namespace elm {
namespace {

using Clock = std::chrono::steady_clock;
using network::NirObservable;
using network::NirPort;
using network::NirSample;
using network::NirSignal;

constexpr double usual_step_ms = 1;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The recording that a plan names, if it is one.
std::vector<NirObservable> recording_of(const NirPlan& plan) {
    if (plan.input.empty() || !Hdf5File::is_hdf5(plan.input)) return {};
    const Hdf5File file = Hdf5File::open(plan.input);
    if (!network::is_nir_recording(file)) return {};
    return network::read_nir_recording(file);
}

double time_step_s_of(const NirPlan& plan, const std::vector<NirObservable>& recording) {
    if (plan.dt_ms) {
        ELM_CHECK(*plan.dt_ms > 0, "--dt-ms {}: expected a positive time.", *plan.dt_ms);
    }
    const double given = plan.dt_ms.value_or(usual_step_ms) / 1000;
    if (recording.empty()) return given;
    for (const NirObservable& one : recording) {
        const bool fits = one.time_step_s == recording[0].time_step_s &&
                          (!plan.dt_ms || std::abs(one.time_step_s / given - 1) < 1e-6);
        ELM_CHECK(fits, "{} has steps of {} s, expected {} s.", one.place, one.time_step_s,
                  plan.dt_ms ? given : recording[0].time_step_s);
    }
    return recording[0].time_step_s;
}

/// Samples of a recording for each Input.
std::vector<NirSample> samples_of(const std::vector<NirObservable>& recording,
                                  const std::vector<NirPort>& inputs, const std::string& path) {
    std::vector<NirSample> samples;
    for (const NirPort& port : inputs) {
        std::vector<std::string> names;
        const NirObservable* found = nullptr;
        for (const NirObservable& one : recording) {
            if (one.node != port.name) continue;
            found = &one;
            names.push_back(one.name);
        }
        ELM_CHECK(found != nullptr, "{} has nothing of the node {}, which is an Input.", path,
                  port.name);
        ELM_CHECK(names.size() == 1,
                  "{} has several observables of the Input {}: {}. Leave the one that goes in.",
                  path, port.name, fmt::join(names, ", "));
        if (samples.empty()) samples.resize(found->samples.size());
        ELM_CHECK(found->samples.size() == samples.size() && found->samples[0].size == port.size,
                  "{} has {} samples of {} elements, expected {} of {}.", found->place,
                  found->samples.size(), found->samples[0].size, samples.size(), port.size);
        for (std::size_t k = 0; k < samples.size(); ++k) samples[k].push_back(found->samples[k]);
    }
    return samples;
}

/// Steps that a time takes, at least one.
double steps_in(double duration_ms, double time_step_ms) {
    return std::max(1.0, std::ceil(duration_ms / time_step_ms * (1 - 1e-12)));
}

std::vector<NirSample> spikes_as_samples(const NirPlan& plan, const network::NirEngine& engine,
                                         double time_step_ms) {
    const std::vector<NirPort>& inputs = engine.inputs();
    std::vector<SpikeTaker> takers;
    for (const NirPort& port : inputs) takers.push_back({port.name, port.size});
    std::vector<TakenSpikes> taken;
    if (!plan.input.empty()) taken = take_spikes(plan.input, takers, {"the graph", "node"});
    double duration_ms = 0;
    for (const TakenSpikes& one : taken) {
        const double last =
            one.times_ms.empty() ? 0 : *std::max_element(one.times_ms.begin(), one.times_ms.end());
        duration_ms = std::max(duration_ms, one.duration_ms.value_or(last));
    }
    if (plan.seconds) duration_ms = *plan.seconds * 1000;
    ELM_CHECK(duration_ms > 0,
              "nothing goes into the graph: give spikes or a recording with "
              "--input, or a time with --seconds.");
    const double steps = steps_in(duration_ms, time_step_ms);
    ELM_CHECK(steps <= 1e9, "{} steps of {} ms, expected at most 1e9.", steps, time_step_ms);
    engine.require_memory(steps, 1, true);
    const auto n_steps = static_cast<std::int64_t>(steps);
    NirSample sample;
    for (const NirPort& port : inputs) {
        NirSignal signal{n_steps, port.size, {}};
        signal.values.resize(static_cast<std::size_t>(n_steps * port.size));
        for (const TakenSpikes& one : taken) {
            if (one.name != port.name) continue;
            for (std::size_t i = 0; i < one.units.size(); ++i) {
                // One at time 0 acts in the first step.
                const std::int64_t step = std::max<std::int64_t>(
                    0, network::step_of_spike(one.times_ms[i], time_step_ms));
                if (step >= n_steps) continue;  // --seconds ends before
                signal.values[static_cast<std::size_t>(step * port.size + one.units[i])] += 1;
            }
        }
        sample.push_back(std::move(signal));
    }
    return {std::move(sample)};
}

void cut(std::vector<NirSample>& samples, double n_steps) {
    for (NirSample& sample : samples) {
        for (NirSignal& signal : sample) {
            if (n_steps >= static_cast<double>(signal.n_steps)) continue;
            signal.n_steps = static_cast<std::int64_t>(n_steps);
            signal.values.resize(static_cast<std::size_t>(signal.n_steps * signal.size));
        }
    }
}

network::SpikeTrainOf train_of(const NirSignal& signal, double time_step_ms) {
    network::SpikeTrainOf spikes;
    for (std::int64_t step = 0; step < signal.n_steps; ++step) {
        for (std::int64_t i = 0; i < signal.size; ++i) {
            if (signal.at(step, i) == 0) continue;
            spikes.add(static_cast<double>(step + 1) * time_step_ms, static_cast<std::uint32_t>(i));
        }
    }
    return spikes;
}

/// Of one Output over all samples.
struct OutputSummary {
    double sum = 0, lowest = INFINITY, highest = -INFINITY;
    double cv_isi = NAN;  // of the first sample
    std::int64_t count = 0;
};

OutputSummary summary_of(const NirResult& result, std::size_t output) {
    OutputSummary summary;
    for (const NirSample& sample : result.samples) {
        for (const double value : sample[output].values) {
            summary.sum += value;
            summary.lowest = std::min(summary.lowest, value);
            summary.highest = std::max(summary.highest, value);
        }
        summary.count += std::ssize(sample[output].values);
    }
    if (result.outputs[output].has_spikes && !result.samples.empty()) {
        const auto train = train_of(result.samples[0][output], result.time_step_s * 1000);
        summary.cv_isi =
            network::spike_statistics(train, result.outputs[output].size, 0, result.duration_ms())
                .cv_isi;
    }
    return summary;
}

double rate_hz(const NirResult& result, const OutputSummary& summary) {
    return summary.sum / (static_cast<double>(summary.count) * result.time_step_s);
}

}  // namespace

double NirResult::real_time_factor() const {
    return simulate_seconds * 1000 / (duration_ms() * static_cast<double>(samples.size()));
}

NirResult run_nir(const NirPlan& plan) {
    if (plan.seconds) {
        ELM_CHECK(*plan.seconds > 0, "--seconds {}: expected a positive time.", *plan.seconds);
    }
    NirResult result;
    result.name = std::filesystem::path(plan.graph.origin).stem().string();
    const std::vector<NirObservable> recording = recording_of(plan);
    result.time_step_s = time_step_s_of(plan, recording);
    const Clock::time_point build = Clock::now();
    const network::NirEngine engine(plan.graph, {result.time_step_s, plan.rule}, plan.precision);
    result.build_seconds = seconds_since(build);
    result.outputs = engine.outputs();
    result.n_neurons = engine.n_neurons();
    result.n_connections = engine.n_connections();
    std::vector<NirSample> samples =
        recording.empty() ? spikes_as_samples(plan, engine, result.time_step_s * 1000)
                          : samples_of(recording, engine.inputs(), plan.input);
    if (plan.seconds) cut(samples, steps_in(*plan.seconds, result.time_step_s));
    const Clock::time_point start = Clock::now();
    result.samples = engine.run(samples);
    result.simulate_seconds = seconds_since(start);
    result.n_steps = samples[0][0].n_steps;
    return result;
}

Table nir_table(const NirResult& result) {
    Table table({"output", "elements", "spikes", "rate (Hz)", "mean", "lowest", "highest"});
    for (std::size_t k = 0; k < result.outputs.size(); ++k) {
        const NirPort& port = result.outputs[k];
        const OutputSummary summary = summary_of(result, k);
        const auto number = [](double value) { return fmt::format("{:.4g}", value); };
        table.add({port.name, fmt::format("{}", port.size),
                   port.has_spikes ? fmt::format("{:.0f}", summary.sum) : "-",
                   port.has_spikes ? number(rate_hz(result, summary)) : "-",
                   number(summary.sum / static_cast<double>(summary.count)), number(summary.lowest),
                   number(summary.highest)});
    }
    return table;
}

Record nir_record(const NirResult& result) {
    Record rates, cvs, means;
    for (std::size_t k = 0; k < result.outputs.size(); ++k) {
        const OutputSummary summary = summary_of(result, k);
        means.set(result.outputs[k].name, summary.sum / static_cast<double>(summary.count));
        if (!result.outputs[k].has_spikes) continue;
        rates.set(result.outputs[k].name, rate_hz(result, summary));
        cvs.set(result.outputs[k].name, summary.cv_isi);
    }
    Record record;
    record.set("neurons", result.n_neurons)
        .set("synapses", result.n_connections)
        .set("samples", std::ssize(result.samples))
        .set("steps", result.n_steps)
        .set("time_step_ms", result.time_step_s * 1000)
        .set("build_seconds", result.build_seconds)
        .set("simulate_seconds", result.simulate_seconds)
        .set("real_time_factor", result.real_time_factor())
        .set("rates_hz", rates)
        .set("cv_isi", cvs)
        .set("means", means);
    return record;
}

std::string nir_summary(const NirPlan& plan, const NirResult& result) {
    return fmt::format(
        "{}: NIR graph of {} nodes, {} neurons, {} connections, steps of {:g} ms, {}, {}, {}\n"
        "{} samples of {:g} ms in {:.3g} s: real-time factor {:.3g}\n",
        result.name, plan.graph.nodes.size(), result.n_neurons, result.n_connections,
        result.time_step_s * 1000,
        plan.rule == network::NirRule::euler ? "Euler's rule" : "exact rule",
        name_of(plan.precision), counted(thread_count(), "thread", "threads"),
        result.samples.size(), result.duration_ms(), result.simulate_seconds,
        result.real_time_factor());
}

void write_nir_result(const OutputFile& output, const NirResult& result,
                      const std::string& config) {
    Hdf5File file = Hdf5File::create(output.temporary_path());
    file.write_string("/config", config);
    network::write_nir_recording(file, result.outputs, result.samples, result.time_step_s);
    for (std::size_t k = 0; result.samples.size() == 1 && k < result.outputs.size(); ++k) {
        const NirPort& port = result.outputs[k];
        if (!port.has_spikes) continue;
        network::write_spike_group(file, port.name, port.size,
                                   train_of(result.samples[0][k], result.time_step_s * 1000),
                                   result.duration_ms());
    }
    if (file.is_group("/spikes")) network::mark_as_sonata(file);
    file.close();
}

}  // namespace elm
