// Training updates of the sequence models that are fitted beside the ELM neuron: forward, backward
// and a step of Adam, on 8 samples of 500 steps of 1278 sparse inputs.
//
// Each update is timed by itself: processor time of the one thread, wall time of two. `best` is
// the 5th percentile, which other work on the machine touches least. `spikes_a_step` are those of
// the NeuronIO inputs.
//
//     surrogate_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "baselines/model_registry.h"
#include "bench/fma_peak.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/optimizer.h"
#include "tests/support/random_elm.h"

namespace {

using namespace elm;

constexpr std::int64_t n_input = 1278, batch = 8, n_steps = 500;
constexpr double spikes_a_step = 14.14;

struct Setting {
    std::string model;
    std::vector<std::pair<std::string, std::string>> options;  // besides the defaults
    int threads = 1;
};

double now(bool this_thread_alone) {
    if (this_thread_alone) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// dL/dy = y / 1000.
void update(benchmark::State& state, const Setting& setting) {
    set_thread_count(setting.threads);
    Stream stream{Device{}};
    const ModelEntry& entry = find_model(setting.model);
    OptionSet options = entry.options();
    for (const auto& [name, value] : setting.options) options.set(name, value);
    const auto model = entry.make(options, {n_input, 2}, 1);
    const FlatParameters flat = allocate_parameters(stream, *model, DType::f32, RandomKey{1});
    Optimizer optimizer(stream, *model, flat, {});
    const SpikeTrain spikes =
        test::random_spikes(batch, n_steps, n_input, spikes_a_step / n_input, 7);
    Tape tape;
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        Context context{.stream = stream, .tape = &tape, .training = true};
        const Var output = model->forward(context, {.spikes = &spikes});
        const Tensor gradient = Tensor::empty(stream, output.value.shape(), DType::f32);
        const auto from = output.value.host<float>(), to = gradient.host<float>();
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = 1e-3F * from[i];
        tape.backward(stream, {&output, 1}, {&gradient, 1});
        optimizer.step(stream, 1e-4);
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    state.counters["median_ms"] = 1e3 * seconds[seconds.size() / 2];
    state.counters["best_ms"] = 1e3 * seconds[seconds.size() / 20];
}

void register_update(const Setting& setting) {
    std::string name = "update/" + setting.model;
    for (const auto& [option, value] : setting.options)
        name += fmt::format("/{}:{}", option, value);
    name += fmt::format("/threads:{}", setting.threads);
    benchmark::RegisterBenchmark(name.c_str(), update, setting)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    for (const int threads : {1, 2}) {
        for (const ModelEntry& entry : all_models()) register_update({entry.name, {}, threads});
        register_update({"lstm", {{"units", "64"}}, threads});
        register_update({"lstm", {{"units", "128"}}, threads});
        register_update({"tcn", {{"width", "64"}}, threads});
        register_update({"tcn", {{"width", "128"}}, threads});
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
