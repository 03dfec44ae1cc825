// Kernels of state spaces, forward and for training (forward and backward), float32, on the CPU
// with one and two threads and on a CUDA device where there is one. Scans of one or two operations
// a number are bound by memory: their floor is the bytes that must be read and written, over the
// rate at which the CPU copies with as many threads (`bytes_floor`). The selective scan takes an
// exponential for each state, the convolution and the kernel work in cache: of these the time per
// step and feature says more.
//
//     scan_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/scan/diagonal_scan.h"
#include "kernels/ops/scan/mode_scan.h"
#include "kernels/ops/scan/selective_scan.h"
#include "kernels/ops/spectral/long_convolution.h"
#include "kernels/ops/spectral/mode_decay.h"
#include "kernels/ops/spectral/mode_kernel.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

constexpr std::int64_t batch = 8, width = 256, n_states = 16, n_modes = 32;

double seconds_now() {
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

/// What a case computes: inputs, which become leaves of the tape in training, and an op.
struct Case {
    std::string name;
    std::vector<Shape> shapes;
    std::vector<std::pair<double, double>> ranges;  // of the inputs' values
    std::function<Var(Context&, const std::vector<Var>&)> run;
    double forward_bytes, training_bytes;  // per step of a batch, at the least; 0: not bound by it
};

Case real_scan(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    const double row = 4.0 * batch * width;
    return {"diagonal_scan/real",
            {sequence, sequence, {batch, width}},
            {{0.5, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return diagonal_scan(context, in[0], in[1], in[2]);
            },
            3 * row,
            8 * row};  // backward: decay, state, gradient; gradients of decay and input
}

Case complex_scan(std::int64_t steps) {
    const Shape sequence{batch, steps, width}, initial{batch, width};
    const double row = 8.0 * batch * width;
    return {"diagonal_scan/complex_constant",
            {{width}, {width}, sequence, sequence, initial, initial},
            {{0.5, 0.7}, {0.5, 0.7}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return diagonal_scan(context, ComplexVar{in[0], in[1]}, {in[2], in[3]},
                                     {in[4], in[5]})
                    .real;
            },
            2 * row,
            5 * row};  // backward: state, gradient; gradient of the input
}

Case selective(std::int64_t steps) {
    const Shape sequence{batch, steps, width}, weights{batch, steps, n_states};
    const double row = 4.0 * batch * width, weight_row = 4.0 * batch * n_states;
    return {"selective_scan",
            {sequence,
             sequence,
             {n_states, width},
             weights,
             weights,
             {width},
             {batch, n_states, width}},
            {{-1, 1}, {0.001, 0.1}, {-16, -1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return selective_scan(context, {in[0], in[1], in[2], in[3], in[4], in[5], in[6]})
                    .front();
            },
            3 * row + 2 * weight_row,
            8 * row + 6 * weight_row};
}

Case convolution(std::int64_t steps) {
    return {"long_convolution",
            {{batch, steps, width}, {steps, width}},
            {{-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return long_convolution(context, in[0], in[1]);
            },
            0,
            0};
}

std::vector<Shape> mode_shapes() {
    const Shape shared{width, n_modes}, output{1, width, n_modes};
    return {{width}, shared, shared, shared, shared, output, output, {width}};
}
std::vector<std::pair<double, double>> mode_ranges() {
    return {{-6, -3}, {-0.7, -0.6}, {0, 100}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}};
}
Modes modes_of(Context& context, const std::vector<Var>& in) {
    return discretised_modes(context, Discretisation::zero_order_hold,
                             {in[0], in[1], in[2], {in[3], in[4]}, {in[5], in[6]}});
}

Case kernel(std::int64_t steps) {
    return {"mode_kernel",
            mode_shapes(),
            mode_ranges(),
            [steps](Context& context, const std::vector<Var>& in) {
                return mode_kernel(context, modes_of(context, in), in[7], steps);
            },
            0,
            0};
}

Case modes_scanned(std::int64_t steps) {
    Case one{"mode_scan", mode_shapes(), mode_ranges(), {}, 0, 0};
    one.shapes.push_back({batch, steps, width});
    one.ranges.emplace_back(-1, 1);
    one.run = [](Context& context, const std::vector<Var>& in) {
        const DecayingModes decays = decaying_modes(context, modes_of(context, in), DType::f32);
        const Var zeros{Tensor::zeros(context.stream, {batch, n_modes, width}, DType::f32)};
        return mode_scan(context, {in[8], decays.decay, decays.weight, in[7], {zeros, zeros}})
            .output;
    };
    return one;
}

/// Where a case runs.
struct Place {
    Device device;
    int threads = 1;
    std::string name;
};

void run_case(benchmark::State& state, const Case& one, std::int64_t steps, bool training,
              const Place& place) {
    set_thread_count(place.threads);
    const bool on_cpu = place.device.kind == DeviceKind::cpu;
    const double rate = on_cpu ? measure_copy_rate() : 0;
    Stream stream{place.device};
    Tape tape;
    std::vector<Parameter> leaves;
    for (std::size_t i = 0; i < one.shapes.size(); ++i) {
        const auto& [low, high] = one.ranges[i];
        const auto values = test::random_values(one.shapes[i].size(), low, high,
                                                {1, 0, static_cast<std::uint32_t>(i)});
        leaves.push_back({test::tensor_of(stream, one.shapes[i], DType::f32, values),
                          Tensor::zeros(stream, one.shapes[i], DType::f32)});
    }
    std::vector<double> seconds;
    Tensor gradient;
    for (auto _ : state) {
        stream.synchronize();
        const double start = seconds_now();
        Context context{.stream = stream, .tape = training ? &tape : nullptr};
        std::vector<Var> in;
        for (const Parameter& leaf : leaves) {
            in.push_back(training ? tape.leaf(leaf) : Var{leaf.value});
        }
        const Var out = one.run(context, in);
        if (training) {
            if (!gradient.defined()) gradient = out.value.to(stream);
            tape.backward(stream, {&out, 1}, {&gradient, 1});
        }
        benchmark::DoNotOptimize(out.value);
        stream.synchronize();
        seconds.push_back(seconds_now() - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    const auto elements = static_cast<double>(batch * steps * width);
    state.counters["median_ms"] = median * 1e3;
    state.counters["ns_per_element"] = median / elements * 1e9;
    const double bytes =
        (training ? one.training_bytes : one.forward_bytes) * static_cast<double>(steps);
    if (bytes > 0 && on_cpu) {
        state.counters["bytes_floor"] = bytes / rate / median;
        state.counters["best_share"] = bytes / rate / seconds.front();
    }
    if (bytes > 0) state.counters["GBps"] = bytes / median * 1e-9;
    if (on_cpu) state.counters["copy_GBps"] = rate * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    std::vector<Place> places{{Device{}, 1, "threads:1"}, {Device{}, 2, "threads:2"}};
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cuda) places.push_back({device, 1, "cuda"});
    }
    for (const std::int64_t steps : {1024, 4096, 16384}) {
        const Case cases[] = {real_scan(steps),   complex_scan(steps), selective(steps),
                              convolution(steps), kernel(steps),       modes_scanned(steps)};
        for (const Case& one : cases) {
            for (const Place& place : places) {
                for (const bool training : {false, true}) {
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
