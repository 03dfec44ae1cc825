// Exact and linear attention, forward and for training (forward and backward), float32, as share of
// the multiply-add peak of the threads in use, or of what ELM_DEVICE_GFLOPS says that a CUDA device
// has; times are those of the median run, and
// `best_share` is that of the best one, which other work touches least. The floor is the number of
// multiply-adds that the equations ask for, d being the features of a head and of its values: exact
// 2 products of length d for each pair of steps that see each other, forward, and 5 more backward;
// linear 2 products of d by d for each step, and three times that for training. Exponentials,
// rows that are turned into lanes and corrections of sums count as nothing.
//
// Two heads of 64 features and eight of 8, one sample of 1k to 16k steps.
//
//     attention_bench [--benchmark_filter=exact/causal/training/64/4096/threads:1]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "bench/kernel_cases.h"
#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/linear_attention.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

struct Case {
    bool exact, causal, training;
    std::int64_t heads, features, steps;
    int threads;
    Device device = {};

    std::string name() const {
        const bool on_cpu = device.kind == DeviceKind::cpu;
        return fmt::format("{}/{}/{}/{}/{}/{}", exact ? "exact" : "linear",
                           causal ? "causal" : "full", training ? "training" : "forward", features,
                           steps, on_cpu ? fmt::format("threads:{}", threads) : "cuda");
    }
    double flop() const {
        const auto length = static_cast<double>(steps), width = static_cast<double>(features);
        const double pairs = causal ? length * (length + 1) / 2 : length * length;
        const double products = exact ? (training ? 7 : 2) * pairs * width
                                      : (training ? 6 : 2) * length * width * width;
        return 2 * static_cast<double>(heads) * products;
    }
};

/// Processor time of one thread, wall time of more and of a device.
double seconds_now(const Stream& stream) {
    const bool on_cpu = stream.device().kind == DeviceKind::cpu;
    if (on_cpu && thread_count() == 1) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void attend(benchmark::State& state, const Case& one, double peak) {
    set_thread_count(one.threads);
    Stream stream{one.device};
    Tape tape;
    const Shape shape{1, one.steps, one.heads * one.features};
    std::vector<Parameter> leaves;
    for (std::uint32_t i = 0; i < 4; ++i) {
        const double low = one.exact || i > 1 ? -1 : 0.1;  // features are not negative
        leaves.push_back({test::tensor_of(stream, shape, DType::f32,
                                          test::random_values(shape.size(), low, 1, {1, 0, i})),
                          Tensor::zeros(stream, shape, DType::f32)});
    }
    const auto pass = [&] {
        stream.synchronize();
        const double start = seconds_now(stream);
        Context context{stream, one.training ? &tape : nullptr};
        std::vector<Var> in;
        for (std::size_t i = 0; i < 3; ++i) {
            in.push_back(one.training ? tape.leaf(leaves[i]) : Var{leaves[i].value});
        }
        const Var out = one.exact ? attention(context, in[0], in[1], in[2],
                                              {.heads = one.heads, .causal = one.causal})
                                  : linear_attention(context, in[0], in[1], in[2],
                                                     {.heads = one.heads, .causal = one.causal});
        if (one.training) tape.backward(stream, {&out, 1}, {&leaves[3].value, 1});
        benchmark::DoNotOptimize(out.value);
        stream.synchronize();
        return seconds_now(stream) - start;
    };
    for (int i = 0; i < bench::unmeasured_passes; ++i) pass();
    std::vector<double> seconds;
    for (auto _ : state) {
        seconds.push_back(pass());
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    state.counters["median_ms"] = median * 1e3;
    state.counters["gflops"] = one.flop() / median * 1e-9;
    if (peak == 0) return;
    state.counters["share_of_peak"] = one.flop() / median / (peak * one.threads);
    state.counters["best_share"] = one.flop() / seconds.front() / (peak * one.threads);
}

void register_case(const Case& one, double peak) {
    benchmark::RegisterBenchmark(one.name().c_str(), attend, one, peak)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    const double peak = elm::bench::measure_fma_peak();
    fmt::print(stderr, "multiply-add peak of a core: {:.1f} GFLOP/s\n", peak * 1e-9);
    for (const bool exact : {true, false}) {
        for (const std::int64_t features : {64, 8}) {
            for (const std::int64_t steps : {1024, 2048, 4096, 8192, 16384}) {
                for (const bool causal : {false, true}) {
                    for (const bool training : {false, true}) {
                        Case one{exact,    causal, training, features == 64 ? 2 : 8,
                                 features, steps,  1};
                        register_case(one, peak);
                        one.threads = 2;
                        register_case(one, peak);
                        one.threads = 1;
                        for (const Device device : available_devices()) {
                            one.device = device;
                            if (device.kind == DeviceKind::cuda) {
                                register_case(one, bench::device_peak());
                            }
                        }
                    }
                }
            }
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
