// Kernels of recurrences and state spaces, forward and for training (forward and backward),
// float32, on the CPU with one and two threads and on a CUDA device where there is one. Two floors:
// the bytes that must be read and written, over the rate at which the device copies
// (`bytes_floor`), and the multiply-adds of the equations as they stand, over its peak
// (`flop_floor`); exponentials count as one, transforms as 5 n log2 n. The peak of a CUDA device is
// what ELM_DEVICE_GFLOPS says; without it there is no such floor. What does not depend on the
// number of steps has the bytes of one pass.
//
//     scan_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "kernels/ops/scan/recurrent/gated_scan.h"
#include "kernels/ops/scan/recurrent/leaky_scan.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "kernels/ops/scan/state_space/selective_scan.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "kernels/ops/spectral/modes/diagonal_decay.h"
#include "kernels/ops/spectral/modes/mode_decay.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"
#include "kernels/ops/spiking/spiking_scan.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

constexpr std::int64_t batch = 8, width = 256, n_states = 16, n_modes = 32;

/// Processor time of one thread, wall time of more and of a device.
double seconds_now(DeviceKind kind = DeviceKind::cpu) {
    if (kind == DeviceKind::cpu && thread_count() == 1) return bench::thread_seconds();
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

/// What a case computes: inputs, which become leaves of the tape in training, and an op.
struct Case {
    std::string name;
    std::vector<Shape> shapes;
    std::vector<std::pair<double, double>> ranges;  // of the inputs' values
    std::function<Var(Context&, const std::vector<Var>&)> run;
    double forward_bytes, training_bytes;  // per step of a batch, at the least; 0: not bound by it
    double flop = 0;  // per step of a batch, forward; training takes three times as many
};

constexpr double sequence_row = 4.0 * batch * width;  // bytes of a step

Case leaky(std::int64_t steps) {
    return {"leaky_scan",
            {{batch, steps, width}, {width}, {batch, width}},
            {{-1, 1}, {0.5, 0.99}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return leaky_scan(context, in[0], in[1], in[2]);
            },
            2 * sequence_row,
            5 * sequence_row};  // backward: trace, gradient; gradient of the input
}

/// LSTM: four gates of `width` units, W_hh h in each step.
Case gated(std::int64_t steps) {
    return {"gated_scan",
            {{batch, steps, 4 * width},
             {4 * width, width},
             {4 * width},
             {batch, width},
             {batch, width}},
            {{-1, 1}, {-0.06, 0.06}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return lstm_scan(context, in[0], in[1], in[2], in[3], in[4]).front();
            },
            5 * sequence_row,
            20 * sequence_row,
            2.0 * 4 * batch * width * width};
}

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
            8 * row + 6 * weight_row,
            // exp(delta a) h + (delta u) b, and c h, of each state
            2.0 * 4 * batch * width * n_states};
}

/// Four taps of each feature.
Case depthwise(std::int64_t steps) {
    constexpr std::int64_t taps = 4;
    return {"depthwise_convolution",
            {{batch, steps, width}, {width, taps}, {width}},
            {{-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return depthwise_convolution(context, in[0], in[1], in[2]);
            },
            2 * sequence_row,
            5 * sequence_row,  // backward: input, gradient; gradient of the input
            2.0 * taps * batch * width};
}

/// A transform for each input and each output, and one of the filter.
Case convolution(std::int64_t steps) {
    const double transforms = (2.0 * batch + 1) * width;
    return {"long_convolution",
            {{batch, steps, width}, {steps, width}},
            {{-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return long_convolution(context, in[0], in[1]);
            },
            2 * sequence_row + 4.0 * width,
            5 * sequence_row + 3 * 4.0 * width,
            transforms * 5 * std::log2(static_cast<double>(steps))};
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
            4.0 * width,
            2 * 4.0 * width,
            2.0 * 5 * width * n_modes};  // a complex number on, and a real part
}

constexpr double mode_arrays = 4.0 * width * n_modes;  // bytes of one

/// What modes are made of: seven arrays, of which five are read; backward as much again, twice.
Case discretised(std::int64_t steps) {
    const auto passes = static_cast<double>(steps);
    return {"modes",
            mode_shapes(),
            mode_ranges(),
            [](Context& context, const std::vector<Var>& in) {
                return modes_of(context, in).exponent.real;
            },
            7 * mode_arrays / passes,
            3 * 7 * mode_arrays / passes};
}

Case decayed(std::int64_t steps) {
    const auto passes = static_cast<double>(steps);
    return {"mode_decay",
            mode_shapes(),
            mode_ranges(),
            [](Context& context, const std::vector<Var>& in) {
                return decaying_modes(context, modes_of(context, in), DType::f32).decay.real;
            },
            2 * 7 * mode_arrays / passes,
            6 * 7 * mode_arrays / passes};
}

/// Decays of a state space of `states` modes.
Case decays(std::int64_t steps) {
    constexpr std::int64_t states = 1 << 16;
    const auto passes = static_cast<double>(steps);
    return {"diagonal_decay",
            {{states}, {states}, {states}},
            {{-0.7, -0.1}, {0, 100}, {-6, -3}},
            [](Context& context, const std::vector<Var>& in) {
                return discretised_decay(context, Discretisation::zero_order_hold, {in[0], in[1]},
                                         in[2])
                    .decay.real;
            },
            7 * 4.0 * states / passes,
            3 * 7 * 4.0 * states / passes};
}

Case modes_scanned(std::int64_t steps) {
    Case one{"mode_scan",
             mode_shapes(),
             mode_ranges(),
             {},
             2 * sequence_row,
             5 * sequence_row,
             2.0 * 6 * batch * width * n_modes};
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

/// Leaky integrate-and-fire units that hear each other, about one spike in 20 steps. On the way
/// back W' times the gradient of each step, and the gradient of W.
Case spiking(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    const double row = 4.0 * batch * width;
    return {"spiking_scan",
            {sequence, {width, width}, {batch, 2, width}, {width}, {width}},
            {{-2, 3}, {-0.1, 0.1}, {0, 0}, {0.85, 0.95}, {1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return spiking_scan(context, in[0], in[1], {in[3], in[4], {}, {}, {}}, {}, in[2])
                    .spikes;
            },
            2 * row,
            10 * row,
            2.0 * batch * width * width};
}

/// Where a case runs.
struct Place {
    Device device;
    int threads = 1;
    std::string name;
    double peak = 0;  // FLOP a second; 0: nobody knows
};

void run_case(benchmark::State& state, const Case& one, std::int64_t steps, bool training,
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
    std::vector<double> seconds;
    Tensor gradient;
    for (auto _ : state) {
        stream.synchronize();
        const double start = seconds_now(place.device.kind);
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
        seconds.push_back(seconds_now(place.device.kind) - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    const auto elements = static_cast<double>(batch * steps * width);
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
    const double flop = (training ? 3 : 1) * one.flop * static_cast<double>(steps);
    if (flop > 0 && place.peak > 0) state.counters["flop_floor"] = flop / place.peak / median;
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    const double peak = bench::measure_fma_peak();
    std::vector<Place> places{{Device{}, 1, "threads:1", peak},
                              {Device{}, 2, "threads:2", 2 * peak}};
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cuda) {
            places.push_back({device, 1, "cuda", bench::device_peak()});
        }
    }
    for (const std::int64_t steps : {1024, 4096, 16384}) {
        const Case cases[] = {leaky(steps),        gated(steps),         real_scan(steps),
                              complex_scan(steps), selective(steps),     convolution(steps),
                              kernel(steps),       discretised(steps),   decayed(steps),
                              decays(steps),       modes_scanned(steps), spiking(steps),
                              depthwise(steps)};
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
