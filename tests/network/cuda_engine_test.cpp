// Networks on a CUDA device against the CPU, in f64 spike by spike.

#include "network/time_stepped/cuda/cuda_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "network/benchmarks/benchmark.h"
#include "network/neurons/neuron_model.h"
#include "network/recording/network_checkpoint.h"
#include "network/time_stepped/cuda/synapse_segments.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "neuron/point/neuron_registry.h"
#include "tests/network/busy_network.h"
#include "tests/network/thread_count.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"
#ifdef ELM_EMULATE
#    include "kernels/core/cuda/emulation/control.h"
#endif

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;

struct DeviceRun {
    network::SpikeRecord spikes;
    std::vector<network::TraceRecord> traces;
    std::int64_t n_events = 0;
};

DeviceRun run_on(Device device, const NetworkDescription& network, DType precision,
                 const std::vector<std::int64_t>& chunks) {
    const auto engine = device.kind == DeviceKind::cpu
                            ? make_time_stepped_engine(network, precision)
                            : make_cuda_engine(network, precision, device);
    for (const std::int64_t steps : chunks) engine->advance(steps);
    return {engine->spikes(), engine->traces(), engine->n_events()};
}

std::int64_t n_spikes(const network::SpikeRecord& spikes) {
    std::int64_t count = 0;
    for (const auto& of : spikes) count += of.size();
    return count;
}

void expect_same_spikes(const network::SpikeRecord& a, const network::SpikeRecord& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t p = 0; p < a.size(); ++p) {
        EXPECT_EQ(a[p].times_ms, b[p].times_ms) << p;
        EXPECT_EQ(a[p].neurons, b[p].neurons) << p;
    }
}

void expect_same_bits(const DeviceRun& a, const DeviceRun& b) {
    expect_same_spikes(a.spikes, b.spikes);
    EXPECT_EQ(a.n_events, b.n_events);
    ASSERT_EQ(a.traces.size(), b.traces.size());
    for (std::size_t r = 0; r < a.traces.size(); ++r) {
        EXPECT_EQ(a.traces[r].values, b.traces[r].values) << r;
    }
}

class EveryNeuronOnDevice : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryNeuronOnDevice, spikes_as_on_the_cpu_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    NetworkDescription network = small_network(GetParam());
    const network::NeuronModel& model = network::neuron_model(GetParam());
    const auto has = [](const auto& quantities, std::string_view name) {
        return std::any_of(quantities.begin(), quantities.end(),
                           [&](const NeuronQuantity& quantity) { return quantity.name == name; });
    };
    if (!has(model.parameters, "threshold")) network.populations[0].parameters.clear();
    if (!has(model.inputs, "excitatory")) {
        // Of several inputs without that name one has to be named.
        for (Connection& connection : network.connections) connection.input = model.inputs[0].name;
        for (auto& poisson : network.poisson) poisson.input = model.inputs[0].name;
    }
    if (has(model.inputs, "current")) {
        // Izhikevich's has no unit; adaptive neurons are slow to fire.
        const bool is_small = GetParam().starts_with("izhikevich") || GetParam().starts_with("ad");
        network.currents = {
            {.to = 0, .amplitude = is_small ? 10.0 : 0.1, .start_ms = 3, .stop_ms = 11.5}};
    }
    // More of what drives and less of what silences the excitatory neurons than in the large one.
    network.poisson[0].rate_hz = 10'000;
    network.connections[2].degree = 5;
    network.poisson[1].first = 5;
    network.poisson[1].count = 50;
    network.poisson[1].rate_hz = 90'000;  // 9 events a step: a sum of two counts
    network.poisson[1].start_ms = 2;
    const DeviceRun host = run_on({}, network, DType::f64, {400});
    // Of both populations of neurons, beside the spikes of their source.
    EXPECT_GT(host.spikes[0].size(), 20);
    EXPECT_GT(host.spikes[1].size(), 5);
    for (const Device device : cuda_devices()) {
        const DeviceRun result = run_on(device, network, DType::f64, {1, 150, 249});
        expect_same_spikes(result.spikes, host.spikes);
        EXPECT_GE(result.n_events, host.n_events);
        const auto &values = result.traces[0].values, &expected = host.traces[0].values;
        ASSERT_EQ(values.size(), expected.size());
        // A rounding of 100 mV in each of the 400 steps, and what neurons make of it.
        for (std::size_t i = 0; i < values.size(); ++i) {
            ASSERT_NEAR(values[i], expected[i], 400 * 100 * 0x1p-53 * 100) << i;
        }
    }
}
std::vector<std::string> every_neuron() {
    std::vector<std::string> names;
    for (const NeuronEntry& entry : all_neurons()) names.push_back(entry.name);
    return names;
}
INSTANTIATE_TEST_SUITE_P(Neurons, EveryNeuronOnDevice, ::testing::ValuesIn(every_neuron()),
                         [](const auto& instance) { return instance.param; });

struct BenchmarkCase {
    const char* name;
    double scale;
    std::int64_t steps;
};
class BenchmarkOnDevice : public ::testing::TestWithParam<BenchmarkCase> {};

TEST_P(BenchmarkOnDevice, spikes_as_on_the_cpu_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const NetworkDescription network =
        network::find_benchmark(GetParam().name).make(GetParam().scale);
    const DeviceRun host = run_on({}, network, DType::f64, {GetParam().steps});
    EXPECT_GT(n_spikes(host.spikes), 30);
    for (const Device device : cuda_devices()) {
        expect_same_spikes(run_on(device, network, DType::f64, {GetParam().steps}).spikes,
                           host.spikes);
    }
}
INSTANTIATE_TEST_SUITE_P(Benchmarks, BenchmarkOnDevice,
                         ::testing::Values(BenchmarkCase{"cuba", 0.05, 1000},
                                           BenchmarkCase{"coba", 0.05, 1000},
                                           BenchmarkCase{"brunel", 0.02, 500},
                                           BenchmarkCase{"microcircuit", 0.02, 1000}),
                         [](const auto& instance) { return std::string(instance.param.name); });

/// What acts on a neuron in a step is a sum of whole numbers, so nothing depends on which thread
/// comes first, on the cut of the network or on that of the run.
TEST(CudaEngine, has_the_same_bits_for_any_order_of_threads_and_chunks_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const NetworkDescription network = small_network("lif_exponential");
    for (const Device device : cuda_devices()) {
        const DeviceRun once = run_on(device, network, DType::f32, {200});
        EXPECT_GT(n_spikes(once.spikes), 50);
        expect_same_bits(run_on(device, network, DType::f32, {1, 7, 92, 100}), once);
        {
            const Threads threads(3);
            expect_same_bits(run_on(device, network, DType::f32, {200}), once);
        }
#ifdef ELM_EMULATE
        using emulation::Order;
        for (const emulation::Schedule& schedule :
             {emulation::Schedule{.order = Order::forward},
              emulation::Schedule{.order = Order::reverse},
              emulation::Schedule{.order = Order::random, .seed = 1},
              emulation::Schedule{.order = Order::random, .seed = 2, .preempt = true}}) {
            const emulation::ScopedSchedule scope(schedule);
            expect_same_bits(run_on(device, network, DType::f32, {200}), once);
        }
#endif
    }
}

/// Sources that are listed, several synapses of a pair, rows longer than a segment, each form of a
/// group, delays of one step.
TEST(CudaEngine, delivers_every_form_of_synapses_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    NetworkDescription network;
    network.populations = {{.name = "source",
                            .size = 3,
                            .model = "spikes",
                            .spike_times = {2, 0.1, 5, 5},
                            .spike_neurons = {2, 0, 1, 1}},
                           {.name = "cell", .size = 700, .model = "lif_exponential"},
                           {.name = "jump", .size = 400, .model = "lif"}};
    const auto connect = [&](std::size_t to, const Distribution& weight, double delay) {
        Connection connection{.from = 0, .to = to};
        connection.weight = weight;
        connection.delay_ms = Distribution::constant(delay);
        network.connections.push_back(connection);
    };
    connect(1, Distribution::constant(0.3), 0.1);
    connect(1, Distribution::uniform(-0.2, 0.4), 3.3);
    connect(2, Distribution::constant(4), 0.1);
    connect(2, Distribution::uniform(-1, 6), 3.3);
    network.traces = {{.population = 1,
                       .states = {"inhibitory_current", "excitatory_current"},
                       .neurons = {0, 350, 699}},
                      {.population = 2, .states = {"membrane_potential"}, .neurons = {399, 0}}};
    const DeviceRun host = run_on({}, network, DType::f64, {120});
    EXPECT_EQ(host.spikes[0].size(), 3);
    for (const Device device : cuda_devices()) {
        const DeviceRun result = run_on(device, network, DType::f64, {120});
        expect_same_spikes(result.spikes, host.spikes);
        EXPECT_EQ(result.n_events, host.n_events);
        for (std::size_t r = 0; r < 2; ++r) {
            for (std::size_t i = 0; i < host.traces[r].values.size(); ++i) {
                ASSERT_NEAR(result.traces[r].values[i], host.traces[r].values[i], 1e-11) << r;
            }
        }
    }
}

/// `delta` synapses put what came into an array of their own, the others into a state.
TEST(CudaEngine, goes_on_from_checkpoints_of_both_devices_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const TemporaryDirectory folder;
    for (const std::string neuron : {"lif", "lif_exponential"}) {
        const NetworkDescription network = small_network(neuron);
        const network::CheckpointOwner owner{&network, "time-stepped", DType::f64};
        const std::string path = folder / (neuron + ".checkpoint.h5");
        const auto stop = [&](network::Engine& engine) {
            engine.advance(137);
            write_network_checkpoint(path, owner, "", engine);
        };
        const auto go_on = [&](network::Engine& engine) {
            const Threads threads(3);
            read_network_checkpoint(path, owner, engine);
            engine.advance(163);
            return DeviceRun{engine.spikes(), engine.traces(), engine.n_events()};
        };
        const DeviceRun host = run_on({}, network, DType::f64, {300});
        for (const Device device : cuda_devices()) {
            const DeviceRun whole = run_on(device, network, DType::f64, {300});
            expect_same_spikes(whole.spikes, host.spikes);
            stop(*make_cuda_engine(network, DType::f64, device));
            expect_same_bits(go_on(*make_cuda_engine(network, DType::f64, device)), whole);
            expect_same_spikes(go_on(*make_time_stepped_engine(network, DType::f64)).spikes,
                               host.spikes);
            stop(*make_time_stepped_engine(network, DType::f64));
            expect_same_spikes(go_on(*make_cuda_engine(network, DType::f64, device)).spikes,
                               host.spikes);
        }
    }
}

/// Every synapse of the rows stands in one segment of its source, at its slot in the ring.
TEST(SegmentedRows, hold_the_synapses_of_all_slices) {
    const NetworkDescription network = small_network("lif_exponential");
    const auto needed = network::rows_needed(network);
    const auto projections = network::projections_of(network);
    std::vector<network::SynapseRows<float>> rows;
    std::vector<std::int64_t> first_slots{0};
    for (int i = 0; i < 2; ++i) {
        network::NetworkSlice<float> slice(network, i, 2, needed);
        rows.push_back(network::wire(network, projections, slice));
        first_slots.push_back(first_slots.back() +
                              static_cast<std::int64_t>(slice.bytes() / sizeof(float)));
    }
    const auto all = network::segment_rows<float>(rows, first_slots);
    std::int64_t synapses = 0;
    double magnitude = 0;
    for (std::size_t source = 0; source + 1 < all.begins.size(); ++source) {
        std::int64_t degree = 0;
        for (std::int64_t s = all.begins[source]; s < all.begins[source + 1]; ++s) {
            const auto& segment = all.segments[static_cast<std::size_t>(s)];
            EXPECT_GE(segment.count, 1);
            EXPECT_LE(segment.delay, all.longest_delay);
            degree += segment.count;
        }
        EXPECT_EQ(degree, all.degrees[source]) << source;
        EXPECT_LE(all.begins[source + 1] - all.begins[source], all.most_segments);
        synapses += degree;
    }
    EXPECT_EQ(synapses, rows[0].n_synapses() + rows[1].n_synapses());
    EXPECT_EQ(synapses, 25 * (3 * 200 + 2 * 70));
    EXPECT_EQ(all.longest_delay, 31);  // 3 ms, and a step to the state
    for (const auto& slice : rows) {
        for (const auto& start : slice.row_starts()) {
            network::SynapseGroup<float> group(start.row);
            while (!group.is_end()) {
                group.for_each([&](std::size_t, float weight) {
                    magnitude = std::max(magnitude, std::abs(double{weight}));
                });
                group = network::SynapseGroup<float>(group.next_head());
            }
        }
    }
    EXPECT_GE(all.largest_sum, magnitude);
    EXPECT_LT(all.largest_sum, 70 * magnitude);  // synapses of a neuron, both inputs
}

/// Sums of weights are those of whole numbers of units, whatever their order, and come back.
TEST(EventRing, adds_weights_of_both_signs) {
    network::EventRing ring;
    ring.unit = 0x1p-50;
    ring.per_unit = 0x1p50;
    network::EventSum sum = 0;
    const double weights[] = {0.087, -0.35, 0.1, -3.25, 1e-9};
    double total = 0;
    for (const double weight : weights) {
        sum += ring.to_sum(weight);
        total += weight;
    }
    EXPECT_NEAR(ring.from_sum(sum), total, 5 * 0x1p-51 + 4 * 4 * 0x1p-53);
    for (const double weight : weights) sum += ring.to_sum(-weight);
    EXPECT_EQ(sum, 0U);
}

}  // namespace
}  // namespace elm::test
