// Spiking networks on a grid, in parts and whole, in f32. Times are those of the median run,
// `best_share` is that of the best one, which other work touches least.
//
//     neurons/MODEL         a step of 4096 neurons; floor: the additions, multiplications and
//                           divisions of the step over the multiply-add peak of a core.
//                           Comparisons and exponentials count as nothing
//     delivery/NETWORK      synaptic events; floor: the longer one of the bytes of the synapses
//     that
//                           are read over the bandwidth with which a core reads memory, and of a
//                           number that is read, changed and written back at a random place of as
//                           many as the network has sums; both are counters, in ns
//     construction/NETWORK  from the description to an engine; floor: the bytes of the synapses,
//                           written once at the same bandwidth
//     network/NETWORK       a second of the network; floor: both of the above, of all neurons and
//                           of the events that came, shared by the threads
//
//     network_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "bench/memory_bandwidth.h"
#include "bench/network_sums.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/support/parallel.h"
#include "network/benchmarks/benchmark.h"
#include "network/time_stepped/delivery.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/slice_drive.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "neuron/point/neuron_headers.h"

namespace {

using namespace elm;
using network::NetworkDescription;

/// A number whose arithmetic is counted, unless both sides are constants of the source text.
struct Counted {
    double value = 0;
    bool is_constant = true;
    static inline std::int64_t operations = 0;

    Counted() = default;
    Counted(double constant) : value(constant) {}  // NOLINT: as the neurons write it
    static Counted of(double value, bool is_constant) {
        if (!is_constant) ++operations;
        Counted result(value);
        result.is_constant = is_constant;
        return result;
    }
    friend Counted operator+(Counted a, Counted b) {
        return of(a.value + b.value, a.is_constant && b.is_constant);
    }
    friend Counted operator-(Counted a, Counted b) {
        return of(a.value - b.value, a.is_constant && b.is_constant);
    }
    friend Counted operator*(Counted a, Counted b) {
        return of(a.value * b.value, a.is_constant && b.is_constant);
    }
    friend Counted operator/(Counted a, Counted b) {
        return of(a.value / b.value, a.is_constant && b.is_constant);
    }
    Counted operator-() const { return {-value}; }
    Counted& operator+=(Counted other) { return *this = *this + other; }
    friend bool operator>(Counted a, Counted b) { return a.value > b.value; }
    friend bool operator>=(Counted a, Counted b) { return a.value >= b.value; }
    friend bool operator<(Counted a, Counted b) { return a.value < b.value; }
    friend bool operator<=(Counted a, Counted b) { return a.value <= b.value; }
};
struct CountingLanes {
    using Real = double;
    using Value = Counted;
    static Counted select(bool condition, Counted yes, Counted no) { return condition ? yes : no; }
    static Counted exp(Counted x) {
        x.value = std::exp(x.value);
        return x;
    }
    static bool any(bool condition) { return condition; }
};

template <class Neuron>
std::int64_t operations_of() {
    const auto not_constant = [](Counted& number) {
        number.value = 1;
        number.is_constant = false;
    };
    typename Neuron::template Coefficients<Counted> c{};
    typename Neuron::template Input<Counted> input{};
    GridState<Neuron, Counted> state{};
    Counted refractory_steps;
    decltype(c)::each(c, not_constant);
    decltype(input)::each(input, not_constant);
    decltype(state.own)::each(state.own, not_constant);
    not_constant(state.spike);
    not_constant(state.refractory_left);
    not_constant(refractory_steps);
    Counted::operations = 0;
    grid_step<Neuron, CountingLanes>(c, Neuron::resets[0], refractory_steps, state, input);
    return Counted::operations;
}

/// Operations of a step, by the name of the neuron.
const std::map<std::string, double>& neuron_operations() {
    static const std::map<std::string, double> operations{
#define ELM_ENTRY(id) {#id, static_cast<double>(operations_of<id##_neuron>())},
#include "neuron/point/neurons.def"
#undef ELM_ENTRY
    };
    return operations;
}

struct Floors {
    double peak, bandwidth;  // of a core, 1/s
};

/// Processor time of one thread, wall time of more.
double seconds_now() {
    if (thread_count() == 1) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Runs `body` again and again; `unit` things, of which each takes `floor` seconds at least.
template <class Body>
void measure(benchmark::State& state, const char* per, const Body& body) {
    std::vector<double> seconds, shares;
    for (auto _ : state) {
        const double start = seconds_now();
        const auto [units, floor] = body();
        const double took = seconds_now() - start;
        state.SetIterationTime(took);
        seconds.push_back(took / units);
        shares.push_back(floor / took);
    }
    std::sort(seconds.begin(), seconds.end());
    std::sort(shares.begin(), shares.end());
    state.counters[fmt::format("ns_per_{}", per)] = seconds[seconds.size() / 2] * 1e9;
    state.counters["share_of_floor"] = shares[shares.size() / 2];
    state.counters["best_share"] = shares.back();
}

struct Work {
    double units, floor;
};

NetworkDescription network_of(const std::string& name, double scale) {
    NetworkDescription network = network::find_benchmark(name).make(scale);
    network::check(network);
    return network;
}

/// Neurons at rest that a current moves.
void neurons(benchmark::State& state, const std::string& model, Floors floors) {
    set_thread_count(1);
    constexpr std::int64_t count = 4096, steps = 100;
    NetworkDescription network;
    network.populations = {{.name = "neurons", .size = count, .model = model}};
    network::NetworkSlice<float> slice(network, 0, 1, network::rows_needed(network));
    network::SliceDrive<float> drive(network, slice);
    std::vector<std::uint32_t> spikes(count);
    const double operations = neuron_operations().at(model);
    std::int64_t at = 0;
    measure(state, "neuron_step", [&] {
        for (std::int64_t i = 0; i < steps; ++i) drive.step(0, at++, slice, spikes.data());
        benchmark::DoNotOptimize(spikes.data());
        const auto done = static_cast<double>(count * steps);
        return Work{done, done * operations / floors.peak};
    });
    state.counters["operations"] = operations;
}

/// All synapses in one slice; eight sources drawn at random spike in each step.
void delivery(benchmark::State& state, const std::string& name, double scale, Floors floors) {
    set_thread_count(1);
    const NetworkDescription network = network_of(name, scale);
    const auto projections = network::projections_of(network);
    network::NetworkSlice<float> slice(network, 0, 1, network::rows_needed(network));
    network::Delivery<float> events(network::wire(network, projections, slice));
    constexpr std::int64_t steps = 50, spikes = 8;
    const double bytes = static_cast<double>(events.rows().bytes()) /
                         static_cast<double>(events.rows().n_synapses());
    const double read = bytes / floors.bandwidth;
    const double sum = 1 / bench::measure_sum_rate(
                               bench::count_sums(events.rows(), slice.bytes() / sizeof(float)));
    std::int64_t step = 0;
    measure(state, "event", [&] {
        const std::int64_t before = events.n_events();
        for (const std::int64_t end = step + steps; step < end; ++step) {
            events.arrive(step, slice.arena());
            for (std::int64_t i = 0; i < spikes; ++i) {
                const double part = unit_uniform<double>(random_word({7, 0, 0}, step * spikes + i));
                events.send(
                    static_cast<std::int64_t>(part * static_cast<double>(network.n_neurons())),
                    step, 1);
            }
        }
        const auto done = static_cast<double>(events.n_events() - before);
        return Work{std::max(1.0, done), done * std::max(read, sum)};
    });
    state.counters["bytes"] = bytes;
    state.counters["read_ns"] = read * 1e9;
    state.counters["sum_ns"] = sum * 1e9;
}

void construction(benchmark::State& state, const std::string& name, double scale, int threads,
                  Floors floors) {
    set_thread_count(threads);
    const NetworkDescription network = network_of(name, scale);
    measure(state, "synapse", [&] {
        const auto engine = network::make_time_stepped_engine(network, DType::f32);
        return Work{static_cast<double>(engine->n_synapses()),
                    static_cast<double>(engine->synapse_bytes()) / (floors.bandwidth * threads)};
    });
}

void whole(benchmark::State& state, const std::string& name, double scale, int threads,
           Floors floors) {
    set_thread_count(threads);
    const NetworkDescription network = network_of(name, scale);
    const auto engine = network::make_time_stepped_engine(network, DType::f32);
    constexpr std::int64_t warm_up = 2000, steps = 1000;
    engine->advance(warm_up);
    double operations = 0;  // of a step
    for (const auto& population : network.populations) {
        operations +=
            static_cast<double>(population.size) * neuron_operations().at(population.model);
    }
    const double bytes =
        static_cast<double>(engine->synapse_bytes()) / static_cast<double>(engine->n_synapses());
    double took = 0, seconds = 0;
    measure(state, "biological_ns", [&] {
        const std::int64_t before = engine->n_events();
        const double start = seconds_now();
        engine->advance(steps);
        took += seconds_now() - start;
        const double biological = static_cast<double>(steps) * network.time_step_ms / 1000;
        seconds += biological;
        const double floor =
            static_cast<double>(steps) * operations / floors.peak +
            static_cast<double>(engine->n_events() - before) * bytes / floors.bandwidth;
        return Work{biological * 1e9, floor / threads};
    });
    state.counters["mean_s_per_s"] = took / seconds;
}

struct Case {
    const char* network;
    double scale;
};

template <class Function, class... Arguments>
auto* add(const std::string& name, const Function& function, const Arguments&... arguments) {
    return benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

void add_all(Floors floors) {
    for (const auto& [model, operations] : neuron_operations()) {
        add("neurons/" + model, neurons, model, floors);
    }
    for (const Case& one : {Case{"brunel", 1}, {"microcircuit", 0.25}}) {
        add(fmt::format("delivery/{}", one.network), delivery, std::string(one.network), one.scale,
            floors);
    }
    for (const int threads : {1, 2}) {
        for (const Case& one : {Case{"cuba", 1}, {"brunel", 1}, {"microcircuit", 0.1}}) {
            add(fmt::format("construction/{}/threads:{}", one.network, threads), construction,
                std::string(one.network), one.scale, threads, floors);
        }
        for (const Case& one : {Case{"cuba", 1},
                                {"coba", 1},
                                {"brunel", 1},
                                {"brunel-slow", 1},
                                {"microcircuit", 0.1}}) {
            add(fmt::format("network/{}/threads:{}", one.network, threads), whole,
                std::string(one.network), one.scale, threads, floors);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const Floors floors{elm::bench::measure_fma_peak(), elm::bench::measure_read_bandwidth()};
    fmt::print("multiply-add peak of a core: {:.1f} GFLOP/s; it reads memory at {:.1f} GB/s\n",
               floors.peak * 1e-9, floors.bandwidth * 1e-9);
    add_all(floors);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
