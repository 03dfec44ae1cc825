#include "neuron/cable/solver/cable_device.h"

#include <algorithm>
#include <memory>

#include "kernels/core/buffer.h"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/support/check.h"
#include "neuron/cable/solver/cable_launch.h"

namespace elm::cable {

const Kernel<CableLaunch> cable_launch{"cable", nullptr, ELM_IF_CUDA(&launch_cable_cuda)};

namespace {

/// Plain values on the device of a stream.
template <class T>
class DeviceArray {
public:
    DeviceArray(Stream& stream, std::vector<T> values)
        : stream_(stream), count_(values.size()), buffer_(stream, bytes()) {
        copy(buffer_.data(), values.data(), cuda::CopyKind::host_to_device);
    }
    T* data() const { return reinterpret_cast<T*>(buffer_.data()); }
    void read(std::vector<T>& to) const {
        copy(to.data(), buffer_.data(), cuda::CopyKind::device_to_host);
    }

private:
    std::size_t bytes() const { return std::max<std::size_t>(1, count_) * sizeof(T); }
    void copy(void* to, const void* from, cuda::CopyKind kind) const {
        if (count_ == 0) return;
        cuda::copy(stream_.device().index, stream_.native(), to, from, count_ * sizeof(T), kind);
    }

    Stream& stream_;
    std::size_t count_;
    Buffer buffer_;
};

/// Each value `stride` times, a row a value.
template <class T>
std::vector<float> spread(const std::vector<T>& values, std::size_t stride) {
    std::vector<float> rows(values.size() * stride);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(values[i / stride]);
    return rows;
}

std::vector<DeviceProbe> device_probes(const BatchRun& run, std::int64_t& samples) {
    std::vector<DeviceProbe> probes;
    for (const Probe& probe : run.probes) {
        const PlanNode& node = run.plan.nodes[static_cast<std::size_t>(
            run.plan.segment_nodes[static_cast<std::size_t>(probe.segment)])];
        const SegmentKind& kind = run.plan.kinds[static_cast<std::size_t>(node.kind)];
        const bool voltage = probe.quantity == Quantity::voltage;
        if (!voltage && (probe.quantity != Quantity::calcium || !kind.calcium)) {
            throw Error(ErrorKind::unsupported,
                        "on a CUDA device a probe reads voltage, or calcium where there is a pool. "
                        "Use the device cpu for currents and conductances.");
        }
        probes.push_back({voltage ? run.plan.segment_nodes[static_cast<std::size_t>(probe.segment)]
                                  : node.first_state + kind.calcium_state(),
                          !voltage, probe.every_steps, samples});
        samples += device_launch_steps / probe.every_steps + 1;
    }
    return probes;
}

}  // namespace

std::optional<Divergence> run_on_device(BatchRun& run, Device device,
                                        const std::function<void()>& tick) {
    Stream stream(device);
    const BatchPlan& batch = run.batch;
    const std::size_t trials = run.trials.size(), nodes = batch.nodes.size();
    const std::size_t stride = (trials + 31) / 32 * 32;

    DeviceArray<BatchNode> device_nodes(stream, batch.nodes);
    DeviceArray<BatchKind> kinds(stream, batch.kinds);
    DeviceArray<BatchChannel> channels(stream, batch.channels);
    DeviceArray<float> densities(stream, batch.densities);
    DeviceArray<float> tables(stream, {batch.tables.values.begin(), batch.tables.values.end()});
    DeviceArray<std::int32_t> sites(stream, batch.site_states);
    BatchView cell = batch.view();
    cell.nodes = device_nodes.data();
    cell.kinds = kinds.data();
    cell.channels = channels.data();
    cell.densities = densities.data();
    cell.tables = tables.data();
    cell.site_states = sites.data();

    const std::vector<float> zeros(nodes * stride);
    DeviceArray<float> state(stream, spread(run.plan.initial_state(), stride));
    DeviceArray<float> voltage(
        stream,
        std::vector<float>(nodes * stride, static_cast<float>(run.plan.cell->initial_voltage_mV)));
    DeviceArray<float> rest(stream, zeros), delta(stream, zeros), diagonal(stream, zeros),
        residual(stream, zeros);
    DeviceArray<float> currents(stream, std::vector<float>(batch.clamped_segments.size() * stride));

    std::vector<ScheduledEvent> all_events;
    std::vector<std::int64_t> starts, ends, clamp_starts{0};
    std::vector<DeviceClamp> all_clamps;
    for (std::size_t trial = 0; trial < trials; ++trial) {
        const std::vector<ScheduledEvent> events = schedule(run.plan, run.trials[trial], trial);
        starts.push_back(static_cast<std::int64_t>(all_events.size()));
        all_events.insert(all_events.end(), events.begin(), events.end());
        ends.push_back(static_cast<std::int64_t>(all_events.size()));
        for (const CurrentClamp& clamp : run.trials[trial].clamps) {
            const auto row = std::lower_bound(batch.clamped_segments.begin(),
                                              batch.clamped_segments.end(), clamp.segment) -
                             batch.clamped_segments.begin();
            const int node = run.plan.segment_nodes[static_cast<std::size_t>(clamp.segment)];
            all_clamps.push_back({clamp, static_cast<std::int32_t>(row),
                                  run.plan.nodes[static_cast<std::size_t>(node)].per_area});
        }
        clamp_starts.push_back(static_cast<std::int64_t>(all_clamps.size()));
    }
    DeviceArray<ScheduledEvent> events(stream, all_events);
    DeviceArray<std::int64_t> next_events(stream, starts), end_events(stream, ends);
    DeviceArray<DeviceClamp> clamps(stream, all_clamps);
    DeviceArray<std::int64_t> first_clamps(stream, clamp_starts);
    std::int64_t samples = 0;
    const std::vector<DeviceProbe> probe_rows = device_probes(run, samples);
    DeviceArray<DeviceProbe> probes(stream, probe_rows);
    std::vector<float> seen(static_cast<std::size_t>(samples) * stride);
    DeviceArray<float> record(stream, seen);
    std::vector<DeviceDivergence> found(trials);
    DeviceArray<DeviceDivergence> divergences(stream, found);

    for (int first = 0; first <= run.steps; first += device_launch_steps) {
        const int end = std::min(run.steps + 1, first + device_launch_steps);
        cable_launch(stream, {cell,
                              state.data(),
                              voltage.data(),
                              rest.data(),
                              delta.data(),
                              diagonal.data(),
                              residual.data(),
                              currents.data(),
                              static_cast<std::int64_t>(stride),
                              static_cast<std::int64_t>(trials),
                              events.data(),
                              next_events.data(),
                              end_events.data(),
                              clamps.data(),
                              first_clamps.data(),
                              static_cast<std::int32_t>(batch.clamped_segments.size()),
                              probes.data(),
                              static_cast<std::int32_t>(probe_rows.size()),
                              record.data(),
                              first,
                              end,
                              run.steps,
                              divergences.data()});
        stream.synchronize();
        record.read(seen);
        divergences.read(found);
        for (std::size_t p = 0; p < probe_rows.size(); ++p) {
            const int every = probe_rows[p].every_steps;
            const int before = (first + every - 1) / every;
            for (int sample = before; sample * every < end; ++sample) {
                const float* const row =
                    &seen[static_cast<std::size_t>(probe_rows[p].first + sample - before) * stride];
                for (std::size_t trial = 0; trial < trials; ++trial) {
                    run.recordings.put(trial, p, row[trial]);
                }
            }
        }
        run.recordings.hand_on(0, trials);
        for (std::size_t trial = 0; trial < trials; ++trial) {
            if (found[trial].step == 0) continue;
            return Divergence{trial, found[trial].step, found[trial].node,
                              static_cast<double>(found[trial].voltage_mV)};
        }
        run.trial_steps_done += static_cast<std::int64_t>(trials) * (end - first);
        tick();
        if (run.stopped) break;
    }
    return std::nullopt;
}

}  // namespace elm::cable
