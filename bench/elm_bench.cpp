// Forward throughput of the ELM neuron in neuron-steps per second.
//
// Floor: 2 (2 h d_m + d_b h + d_out d_m) FLOP per neuron-step over the measured multiply-add peak
// of the cores in use. Gather, trace filter and activation functions count as nothing.
//
//     elm_bench [--benchmark_filter=...]   shapes of the published fits, 14 spikes a step

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "bench/fma_peak.h"
#include "kernels/core/parallel.h"
#include "neuron/elm/elm_neuron.h"
#include "tests/support/random_elm.h"

namespace {

using namespace elm;

double peak_of_one_core = 0;

constexpr std::int64_t n_input = 1278;
constexpr double spike_probability = 14.14 / n_input;  // mean of the NeuronIO inputs

ElmModel published_shape(std::int64_t n_memory) {
    test::RandomElm spec;
    spec.options = {.version = ElmVersion::v1,
                    .n_input = n_input,
                    .n_output = 2,
                    .n_memory = n_memory,
                    .n_branch = 45,
                    .n_synapse_per_branch = 100,
                    .routing = SynapseRouting::neuronio,
                    .activation = n_memory == 100 ? Activation::silu : Activation::relu};
    return test::make_model(spec);
}

void forward(benchmark::State& state, std::int64_t n_memory, std::int64_t batch, int threads,
             bool dense, std::int64_t n_steps) {
    set_thread_count(threads);
    Stream stream{Device{}};
    const ElmModel model = published_shape(n_memory);
    const ElmNeuron neuron(stream, model, DType::f32);
    const SpikeTrain spikes = test::random_spikes(batch, n_steps, n_input, spike_probability, 7);
    Tensor input;
    if (dense) input = to_dense(stream, spikes, DType::f32);
    for (auto _ : state) {
        ElmState elm_state = neuron.initial_state(stream, batch);
        const ElmTrace trace =
            dense ? neuron.run(stream, input, elm_state) : neuron.run(stream, spikes, elm_state);
        benchmark::DoNotOptimize(trace.output.data());
    }
    const auto& options = model.options;
    const double flop = 2.0 * static_cast<double>(2 * options.hidden() * n_memory +
                                                  options.branches() * options.hidden() +
                                                  options.n_output * n_memory);
    const auto steps = static_cast<double>(batch * n_steps);
    const double floor_ns = flop / (peak_of_one_core * threads) * 1e9;
    state.counters["neuron_steps"] =
        benchmark::Counter(steps, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["floor_ns"] = floor_ns;
    state.counters["of_peak"] =
        benchmark::Counter(steps * floor_ns * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
    peak_of_one_core = elm::bench::measure_fma_peak();
    fmt::print("multiply-add peak of one core: {:.1f} GFLOP/s\n", peak_of_one_core * 1e-9);
    for (const bool dense : {false, true}) {
        for (const std::int64_t n_memory : {20, 100}) {
            for (const int threads : {1, 2}) {
                for (const std::int64_t batch : {1, 8, 128}) {
                    if (dense && batch == 128 && threads == 2) continue;
                    // A dense batch of 128 x 6000 would be 4 GB.
                    const std::int64_t n_steps = dense && batch == 128 ? 600 : 6000;
                    const auto name =
                        fmt::format("forward/{}/d_m:{}/batch:{}/threads:{}",
                                    dense ? "dense" : "sparse", n_memory, batch, threads);
                    benchmark::RegisterBenchmark(name.c_str(), forward, n_memory, batch, threads,
                                                 dense, n_steps)
                        ->UseRealTime()
                        ->Unit(benchmark::kMillisecond);
                }
            }
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
