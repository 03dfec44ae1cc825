// One layer of a network of ELM neurons on the CPU, forward and for training (forward and
// backward), as share of the multiply-add peak of the threads in use; times are those of the median
// run, and `best_share` is that of the best one, which other work touches least. The floor is the
// number of multiply-adds that the equations ask for: a neuron's linear maps, its readout and those
// synapses that come from its own layer, once forward and three times for training.
//
// 57 neurons, d_m 9, 30 branches of 10 synapses, a quarter of them recurrent, batch 8 x 1000 steps:
// the layer of Spieler, Martius & Levina 2026, arXiv 2605.12049, for SHD-Adding.
//
//     elm_network_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/elm_network/layer_scan.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

constexpr std::int64_t batch = 8, n_steps = 1000, n_synapses = 10;
constexpr double recurrent_share = 0.25;
constexpr ElmLayerShape shape{.neurons = 57, .branches = 30, .memories = 9, .hidden = 18};

Synapses connect(Stream& stream) {
    std::vector<std::int32_t> source, row;
    const std::int64_t rows = shape.branches * shape.neurons;
    for (std::int64_t i = 0; i < rows * n_synapses; ++i) {
        if (!draw_bernoulli(random_word({1, 0, 0}, i), recurrent_share)) continue;
        row.push_back(static_cast<std::int32_t>(i / n_synapses));
        source.push_back(static_cast<std::int32_t>(unit_uniform<double>(random_word({2, 0, 0}, i)) *
                                                   static_cast<double>(shape.neurons)));
    }
    return make_synapses(stream, shape.neurons, rows, source, row);
}

/// Rows of the layer's parameters as the model draws them at first.
std::vector<double> first_parameters() {
    std::vector<double> values(static_cast<std::size_t>(shape.parameter_rows() * shape.neurons));
    for (std::int64_t row = 0; row < shape.parameter_rows(); ++row) {
        const bool hidden = row < shape.update_weight();
        const bool readout = row >= shape.readout();
        const double fan_in = hidden    ? static_cast<double>(shape.joined())
                              : readout ? static_cast<double>(shape.memories)
                                        : static_cast<double>(shape.update_inputs());
        const double bound = 1 / std::sqrt(fan_in);
        const auto drawn = test::random_values(shape.neurons, -bound, bound,
                                               {3, static_cast<std::uint64_t>(row), 0});
        for (std::int64_t n = 0; n < shape.neurons; ++n) {
            double& value = values[static_cast<std::size_t>(row * shape.neurons + n)];
            value = drawn[static_cast<std::size_t>(n)];
            if (row == shape.offset()) value = 0;
            if (row < shape.decay() || readout) continue;
            const std::int64_t memory = (row - shape.decay()) % shape.memories;
            const double tau = std::pow(500.0, static_cast<double>(memory) / 8);
            value = row < shape.gain() ? std::exp(-1 / tau) : -std::expm1(-5 / tau);
        }
    }
    return values;
}

/// Processor time of one thread, wall time of more.
double seconds_now() {
    if (thread_count() == 1) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void layer(benchmark::State& state, bool training, int threads, double peak) {
    set_thread_count(threads);
    Stream stream{Device{}};
    Tape tape;
    const Synapses synapses = connect(stream);
    std::vector<Parameter> leaves;
    const auto add = [&](const Shape& extents, const std::vector<double>& values) {
        leaves.push_back({test::tensor_of(stream, extents, DType::f32, values),
                          Tensor::zeros(stream, extents, DType::f32)});
    };
    const std::int64_t rows = shape.branches * shape.neurons;
    add({batch, n_steps, rows}, test::random_values(batch * n_steps * rows, -2, 2, {4, 0, 0}));
    add({shape.parameter_rows(), shape.neurons}, first_parameters());
    const double bound = 10 / std::sqrt(static_cast<double>(n_synapses));
    add({synapses.count()}, test::random_values(synapses.count(), -bound, bound, {5, 0, 0}));
    add({batch, shape.state_rows() * shape.neurons},
        std::vector<double>(static_cast<std::size_t>(batch * shape.state_rows() * shape.neurons),
                            0));
    const ElmLayer is{.shape = shape, .high_pass_decay = std::exp(-1 / 5.0)};
    const Tensor gradient =
        test::tensor_of(stream, {batch, n_steps, shape.neurons}, DType::f32,
                        test::random_values(batch * n_steps * shape.neurons, -1, 1, {6, 0, 0}));
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = seconds_now();
        Context context{stream, training ? &tape : nullptr};
        // The branch input is what another op would give.
        std::vector<Var> in{Var{leaves[0].value}};
        for (std::size_t i = 1; i < leaves.size(); ++i) {
            in.push_back(training ? tape.leaf(leaves[i]) : Var{leaves[i].value});
        }
        const std::vector<Var> out =
            elm_layer_scan(context, is, synapses, in[0], in[1], in[2], in[3]);
        if (training) tape.backward(stream, {out.data(), 1}, {&gradient, 1});
        benchmark::DoNotOptimize(out[0].value);
        seconds.push_back(seconds_now() - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    const auto maps =
        static_cast<double>(shape.neurons * (shape.hidden * shape.joined() +
                                             shape.memories * shape.hidden + shape.memories));
    const double flop = 2 * (training ? 3 : 1) * static_cast<double>(batch * n_steps) *
                        (maps + static_cast<double>(synapses.count()));
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
