#include "bench/kernel_cases.h"

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/random_tensor.h"

namespace elm::bench {
namespace {

/// Processor time of one thread, wall time of more and of a device.
double seconds_now(DeviceKind kind = DeviceKind::cpu) {
    if (kind == DeviceKind::cpu && thread_count() == 1) return thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Bytes read and written a second by a copy of large arrays, best of ten.
double measure_copy_rate() {
    constexpr std::int64_t count = 1 << 24;
    std::vector<float> from(count, 1.0F), to(count);
    double best = 0;
    for (int repeat = 0; repeat < 10; ++repeat) {
        const double start = seconds_now();
        Cpu::for_each_task(64, [&](std::int64_t task) {
            std::copy_n(&from[static_cast<std::size_t>(task * (count / 64))], count / 64,
                        &to[static_cast<std::size_t>(task * (count / 64))]);
        });
        benchmark::DoNotOptimize(to.data());
        best = std::max(best, 2 * sizeof(float) * count / (seconds_now() - start));
    }
    return best;
}

/// The same of a CUDA device.
double measure_device_copy_rate(Stream& stream) {
    constexpr std::int64_t count = 1 << 26;
    const Tensor from = Tensor::zeros(stream, {count}, DType::f32);
    double best = 0;
    for (int repeat = 0; repeat < 10; ++repeat) {
        stream.synchronize();
        const double start = seconds_now(DeviceKind::cuda);
        const Tensor to = from.to(stream);
        stream.synchronize();
        best = std::max(best, 2 * sizeof(float) * count / (seconds_now(DeviceKind::cuda) - start));
    }
    return best;
}

/// Where a case runs.
struct Place {
    Device device;
    int threads = 1;
    std::string name;
    double peak = 0;  // FLOP a second; 0: nobody knows
};

void run_case(benchmark::State& state, const KernelCase& one, std::int64_t steps, bool training,
              const Place& place) {
    set_thread_count(place.threads);
    const bool on_cpu = place.device.kind == DeviceKind::cpu;
    Stream stream{place.device};
    const double rate = on_cpu ? measure_copy_rate() : measure_device_copy_rate(stream);
    Tape tape;
    std::vector<Parameter> leaves;
    for (std::size_t i = 0; i < one.shapes.size(); ++i) {
        const auto& [low, high] = one.ranges[i];
        const auto values = test::random_values(one.shapes[i].size(), low, high,
                                                {1, 0, static_cast<std::uint32_t>(i)});
        leaves.push_back({test::tensor_of(stream, one.shapes[i], DType::f32, values),
                          Tensor::zeros(stream, one.shapes[i], DType::f32)});
    }
    const KernelRun op = one.prepare ? one.prepare(stream) : one.run;
    Tensor gradient;
    const auto pass = [&] {
        stream.synchronize();
        const double start = seconds_now(place.device.kind);
        Context context{.stream = stream, .tape = training ? &tape : nullptr};
        std::vector<Var> in;
        for (const Parameter& leaf : leaves) {
            in.push_back(training ? tape.leaf(leaf) : Var{leaf.value});
        }
        const Var out = op(context, in);
        if (training) {
            if (!gradient.defined()) gradient = out.value.to(stream);
            tape.backward(stream, {&out, 1}, {&gradient, 1});
        }
        benchmark::DoNotOptimize(out.value);
        stream.synchronize();
        return seconds_now(place.device.kind) - start;
    };
    for (int i = 0; i < unmeasured_passes; ++i) pass();
    std::vector<double> seconds;
    for (auto _ : state) {
        seconds.push_back(pass());
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    const auto elements = static_cast<double>(kernel_batch * steps * kernel_width);
    state.counters["median_ms"] = median * 1e3;
    state.counters["ns_per_element"] = median / elements * 1e9;
    const double bytes =
        (training ? one.training_bytes : one.forward_bytes) * static_cast<double>(steps);
    if (bytes > 0) {
        state.counters["bytes_floor"] = bytes / rate / median;
        state.counters["best_share"] = bytes / rate / seconds.front();
        state.counters["GBps"] = bytes / median * 1e-9;
    }
    state.counters["copy_GBps"] = rate * 1e-9;
    const double flop = (training ? one.training_flop : 1) * one.flop * static_cast<double>(steps);
    if (flop > 0 && place.peak > 0) state.counters["flop_floor"] = flop / place.peak / median;
}

}  // namespace

int measure_cases(int argc, char** argv, CasesOfSteps cases) {
    keep_freed_memory();
    const double peak = measure_fma_peak();
    std::vector<Place> places{{Device{}, 1, "threads:1", peak},
                              {Device{}, 2, "threads:2", 2 * peak}};
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cuda) {
            places.push_back({device, 1, "cuda", device_peak()});
        }
    }
    for (const std::int64_t steps : {1024, 4096, 16384}) {
        for (const KernelCase& one : cases(steps)) {
            for (const Place& place : places) {
                for (const bool training : {false, true}) {
                    if (training && !one.trains) continue;
                    const auto name =
                        fmt::format("{}/{}/steps:{}/{}", one.name,
                                    training ? "training" : "forward", steps, place.name);
                    benchmark::RegisterBenchmark(name.c_str(),
                                                 [=](benchmark::State& state) {
                                                     run_case(state, one, steps, training, place);
                                                 })
                        ->UseManualTime()
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

}  // namespace elm::bench
