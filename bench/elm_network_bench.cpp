// One layer of a network of ELM neurons on the CPU, forward and for training (forward and
// backward), as share of the multiply-add peak of the threads in use; times are those of the median
// run, and `best_share` is that of the best one, which other work touches least. The floor is the
// number of multiply-adds that the equations ask for (network_layer_run.h, which also says the
// layer).
//
//     elm_network_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "bench/network_layer_run.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"

namespace {

using namespace elm;

/// Processor time of one thread, wall time of more.
double seconds_now() {
    if (thread_count() == 1) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void layer(benchmark::State& state, bool training, int threads, double peak) {
    set_thread_count(threads);
    Stream stream{Device{}};
    bench::NetworkLayerRun run(stream);
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = seconds_now();
        run.run(training);
        seconds.push_back(seconds_now() - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2], flop = run.flop(training);
    state.counters["median_ms"] = median * 1e3;
    state.counters["gflop"] = flop * 1e-9;
    state.counters["gflops"] = flop / median * 1e-9;
    state.counters["share_of_peak"] = flop / median / (peak * threads);
    state.counters["best_share"] = flop / seconds.front() / (peak * threads);
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    const double peak = elm::bench::measure_fma_peak();
    fmt::print("multiply-add peak of a core: {:.1f} GFLOP/s\n", peak * 1e-9);
    for (const int threads : {1, 2}) {
        for (const bool training : {false, true}) {
            const auto name =
                fmt::format("layer/{}/threads:{}", training ? "training" : "forward", threads);
            benchmark::RegisterBenchmark(name.c_str(), layer, training, threads, peak)
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
