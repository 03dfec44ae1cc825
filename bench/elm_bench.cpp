// Throughput of the ELM neuron, forward alone and forward with backward, in neuron-steps per
// second.
//
// Each run is timed by itself: processor time of the one thread, wall time of two. The rate is that
// of the median run; `best` is that of the 5th percentile, which other work on the machine touches
// least.
//
// Floor: 2 (2 h d_m + d_b h + d_out d_m) FLOP per neuron-step over the measured multiply-add peak
// of the cores in use; three times that for gradients. Gather, trace filter and activation
// functions count as nothing.
//
//     elm_bench [--wall] [--benchmark_filter=...]   shapes of the published fits, 14 spikes a step
//
// --wall: wall time of one thread, too. For a machine that has other work (bench/busy_machine.sh).

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/core/random/philox.h"
#include "kernels/core/support/parallel.h"
#include "kernels/modules/optimizer.h"
#include "neuron/elm/elm_group_pass.h"
#include "neuron/elm/elm_module.h"
#include "neuron/elm/elm_neuron.h"
#include "tests/support/random_elm.h"

namespace {

using namespace elm;

double peak_of_one_core = 0;
bool always_wall = false;

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
                    .activation = n_memory == 100 ? HiddenUnit::silu : HiddenUnit::relu};
    return test::make_random_elm(spec);
}

/// The neuron that the ELM's authors train on Pathfinder: 8 grey levels one-hot, each with a branch
/// of its own, ReLU. Source: Spieler et al. 2024, arXiv 2306.16922.
constexpr std::int64_t n_levels = 8;
ElmModel pathfinder_shape(std::int64_t n_memory) {
    test::RandomElm spec;
    spec.options = {.version = ElmVersion::v1,
                    .n_input = n_levels,
                    .n_output = 2,
                    .n_memory = n_memory,
                    .n_branch = n_levels,
                    .n_synapse_per_branch = 1,
                    .routing = SynapseRouting::none,
                    .activation = HiddenUnit::relu};
    return test::make_random_elm(spec);
}

/// One level in each step.
SpikeTrain random_levels(std::int64_t batch, std::int64_t n_steps) {
    SpikeTrain spikes;
    spikes.n_samples = batch;
    spikes.n_steps = n_steps;
    spikes.n_units = n_levels;
    for (std::int64_t i = 0; i < batch * n_steps; ++i) {
        spikes.units.push_back(static_cast<std::int32_t>(random_word({7, 0, 0}, i) % n_levels));
        spikes.row_begin.push_back(std::ssize(spikes.units));
    }
    return spikes;
}

/// Processor time of this thread, or wall time where others work too.
double now(bool this_thread_alone) {
    if (this_thread_alone && !always_wall) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Setting {
    std::int64_t n_memory, batch, n_steps;
    Device device;
    int threads = 1;
    bool dense = false;
    std::int64_t segment_steps = 0;  // of a backward pass that repeats its steps; 0: keeps them
    bool pathfinder = false;         // its neuron and input; else those of NeuronIO

    ElmModel model() const {
        return pathfinder ? pathfinder_shape(n_memory) : published_shape(n_memory);
    }
    SpikeTrain spikes(unsigned seed = 7) const {
        return pathfinder ? random_levels(batch, n_steps)
                          : test::random_spikes(batch, n_steps, n_input, spike_probability, seed);
    }
};

double flop_per_step(const ElmOptions& options) {
    return 2.0 * static_cast<double>(2 * options.hidden() * options.n_memory +
                                     options.branches() * options.hidden() +
                                     options.n_output * options.n_memory);
}

void report(benchmark::State& state, std::vector<double> seconds, double steps, double floor_ns) {
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2], best = seconds[seconds.size() / 20];
    state.counters["ns_a_step"] = median / steps * 1e9;
    state.counters["steps_a_second"] = steps / median;
    state.counters["floor_ns"] = floor_ns;
    state.counters["of_peak"] = floor_ns * steps * 1e-9 / median;
    state.counters["of_peak_best"] = floor_ns * steps * 1e-9 / best;
}

void forward(benchmark::State& state, const Setting& setting) {
    const auto& [n_memory, batch, n_steps, device, threads, dense, segment, pathfinder] = setting;
    const bool on_cpu = device.kind == DeviceKind::cpu;
    set_thread_count(threads);
    Stream host{Device{}}, stream{device};
    const ElmModel model = setting.model();
    const ElmNeuron neuron(stream, model, DType::f32);
    const SpikeTrain spikes = setting.spikes();
    Tensor input;
    if (dense) input = to_dense(host, spikes, DType::f32);
    std::vector<double> seconds;
    for (auto _ : state) {
        ElmState elm_state = neuron.initial_state(stream, batch);
        stream.synchronize();
        const double start = now(on_cpu && threads == 1);
        const ElmTrace trace =
            dense ? neuron.run(stream, input, elm_state) : neuron.run(stream, spikes, elm_state);
        benchmark::DoNotOptimize(trace.output.data());
        stream.synchronize();
        seconds.push_back(now(on_cpu && threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    const double flop = flop_per_step(model.options);
    const auto steps = static_cast<double>(batch * n_steps);
    if (on_cpu) {
        report(state, std::move(seconds), steps, flop / (peak_of_one_core * threads) * 1e9);
    } else {
        std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
        const double median = seconds[seconds.size() / 2];
        state.counters["ns_a_step"] = median / steps * 1e9;
        state.counters["steps_a_second"] = steps / median;
        state.counters["useful_gflops"] = flop * steps / median * 1e-9;
    }
}

/// An ELM neuron in training, as a training run holds it.
struct Training {
    explicit Training(const Setting& setting)
        : segment_steps(setting.segment_steps),
          module(make_elm_model(setting.model().options, 1)),
          flat(allocate_parameters(host, module, DType::f32, RandomKey{1})),
          pass(module.structure(), DType::f32) {
        for (const NamedParameter& entry : module.trainable()) {
            parameters.push_back(entry.parameter->value);
            gradients.push_back(entry.parameter->gradient);
        }
        const Shape shape{setting.batch, setting.n_steps, module.options().n_output};
        outputs.output = Tensor::zeros(host, shape, DType::f32);
        outputs.output_gradient = Tensor::zeros(host, shape, DType::f32);
    }

    /// dL/dy = y / 1000.
    ElmPassLoss loss() const {
        return [outputs = outputs](std::int64_t first, std::int64_t n) {
            const auto from = outputs.output.host<float>();
            const auto to = outputs.output_gradient.host<float>();
            const std::int64_t row = outputs.output.shape()[1] * outputs.output.shape()[2];
            for (auto i = static_cast<std::size_t>(first * row);
                 i < static_cast<std::size_t>((first + n) * row); ++i) {
                to[i] = 1e-3F * from[i];
            }
        };
    }
    void run(const SpikeTrain& spikes) {
        pass.run(parameters, gradients, spikes, outputs, loss(), segment_steps);
    }

    std::int64_t segment_steps;
    Stream host{Device{}};
    ElmModule module;
    FlatParameters flat;
    ElmGradientPass pass;
    std::vector<Tensor> parameters, gradients;
    ElmGradientPass::Outputs outputs;
};

/// Forward and backward with a gradient at every output.
void gradient(benchmark::State& state, const Setting& setting) {
    set_thread_count(setting.threads);
    Training training(setting);
    const SpikeTrain spikes = setting.spikes();
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        training.run(spikes);
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    report(
        state, std::move(seconds), static_cast<double>(setting.batch * setting.n_steps),
        3 * flop_per_step(training.module.options()) / (peak_of_one_core * setting.threads) * 1e9);
}

/// The same through the tape: what an update costs where the loss is made of ops.
void tape(benchmark::State& state, const Setting& setting) {
    set_thread_count(setting.threads);
    Training training(setting);
    Stream& host = training.host;
    const SpikeTrain spikes = setting.spikes();
    Tape tape;
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        Context context{host, &tape};
        const Var output = training.module.forward(context, {.spikes = &spikes});
        const Tensor gradient = Tensor::empty(host, output.value.shape(), DType::f32);
        const auto from = output.value.host<float>(), to = gradient.host<float>();
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = 1e-3F * from[i];
        tape.backward(host, std::vector<Var>{output}, std::vector<Tensor>{gradient});
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    report(
        state, std::move(seconds), static_cast<double>(setting.batch * setting.n_steps),
        3 * flop_per_step(training.module.options()) / (peak_of_one_core * setting.threads) * 1e9);
}

/// A whole update: windows cut from eight recordings, forward and backward, a step of Adam.
void update(benchmark::State& state, const Setting& setting) {
    set_thread_count(setting.threads);
    Training training(setting);
    Optimizer optimizer(training.host, training.module, training.flat, {});
    std::vector<SpikeTrain> recordings;
    for (unsigned seed = 0; seed < 8; ++seed) {
        recordings.push_back(test::random_spikes(1, 6000, n_input, spike_probability, seed));
    }
    std::vector<SpikeTrain> windows(static_cast<std::size_t>(setting.batch));
    std::vector<double> seconds;
    std::int64_t begin = 0;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        for (SpikeTrain& window : windows) {
            begin = (begin + 977) % 5500;
            window = slice_steps(recordings[static_cast<std::size_t>(begin % 8)], begin,
                                 setting.n_steps);
        }
        training.run(stack_samples(windows));
        optimizer.step(training.host, 1e-5);
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    report(
        state, std::move(seconds), static_cast<double>(setting.batch * setting.n_steps),
        3 * flop_per_step(training.module.options()) / (peak_of_one_core * setting.threads) * 1e9);
}

/// Gradient passes of several fits of one shape, side by side or one after another.
void group(benchmark::State& state, const Setting& setting, int n_fits, bool side_by_side) {
    set_thread_count(setting.threads);
    std::vector<std::unique_ptr<Training>> fits;
    std::vector<ElmModel> models;
    std::vector<SpikeTrain> spikes;
    for (int f = 0; f < n_fits; ++f) {
        fits.push_back(std::make_unique<Training>(setting));
        models.push_back(fits.back()->module.structure());
        spikes.push_back(setting.spikes(static_cast<unsigned>(f)));
    }
    ElmGroupPass pass(models, DType::f32);
    std::vector<ElmPassCall> calls;
    for (std::size_t f = 0; f < fits.size(); ++f) {
        Training& fit = *fits[f];
        calls.push_back(
            {fit.parameters, fit.gradients, &spikes[f], nullptr, fit.outputs, fit.loss(), 0});
    }
    if (side_by_side && !pass.side_by_side(calls)) {
        state.SkipWithError("such fits run one after another");
        return;
    }
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        if (side_by_side) {
            pass.run(calls);
        } else {
            for (std::size_t f = 0; f < fits.size(); ++f) fits[f]->run(spikes[f]);
        }
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    report(state, std::move(seconds), static_cast<double>(n_fits * setting.batch * setting.n_steps),
           3 * flop_per_step(models.front().options) / (peak_of_one_core * setting.threads) * 1e9);
}

void register_forward(const std::string& where, const Setting& setting) {
    const auto name = fmt::format("forward/{}/{}/d_m:{}/batch:{}/threads:{}", where,
                                  setting.dense ? "dense" : "sparse", setting.n_memory,
                                  setting.batch, setting.threads);
    benchmark::RegisterBenchmark(name.c_str(), forward, setting)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--wall") {
        always_wall = true;
        --argc;
        ++argv;
    }
    peak_of_one_core = elm::bench::measure_fma_peak();
    fmt::print("multiply-add peak of one core: {:.1f} GFLOP/s\n", peak_of_one_core * 1e-9);
    for (const bool dense : {false, true}) {
        for (const std::int64_t n_memory : {20, 100}) {
            for (const int threads : {1, 2}) {
                for (const std::int64_t batch : {1, 8, 128}) {
                    // A dense batch of 128 x 6000 would be 4 GB.
                    const std::int64_t n_steps = dense && batch == 128 ? 600 : 6000;
                    register_forward("cpu", {n_memory, batch, n_steps, {}, threads, dense});
                }
            }
        }
    }
    const auto register_training = [](const std::string& what, auto* function,
                                      const Setting& setting) {
        const auto name =
            fmt::format("{}/cpu/sparse/d_m:{}/batch:{}/steps:{}/threads:{}", what, setting.n_memory,
                        setting.batch, setting.n_steps, setting.threads);
        benchmark::RegisterBenchmark(name.c_str(), function, setting)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    };
    for (const int threads : {1, 2}) {
        for (const std::int64_t n_memory : {20, 100}) {
            for (const std::int64_t batch : {8, 128}) {
                register_training("gradient", gradient, {n_memory, batch, 500, {}, threads});
                register_training("tape", tape, {n_memory, batch, 500, {}, threads});
            }
            register_training("update", update, {n_memory, 8, 500, {}, threads});
            // One step: what a pass costs beside its steps, that is packing and unpacking.
            register_training("gradient", gradient, {n_memory, 8, 1, {}, threads});
        }
        register_training("gradient", gradient, {150, 384, 1024, {}, threads});
        for (const std::int64_t n_steps : {1024, 16384}) {
            for (const std::int64_t segment : {0, 32, 64, 128, 256}) {
                register_training(fmt::format("pathfinder/segment:{}", segment), gradient,
                                  {150, 8, n_steps, {}, threads, false, segment, true});
            }
        }
        for (const std::int64_t n_memory : {1, 2, 5, 10}) {
            register_training("gradient", gradient, {n_memory, 8, 500, {}, threads});
        }
    }
    for (const int threads : {1, 2}) {
        for (const std::int64_t n_memory : {1, 2, 5, 10}) {
            for (const int n_fits : {4, 8, 16}) {
                for (const bool side_by_side : {false, true}) {
                    const auto name =
                        fmt::format("{}/cpu/d_m:{}/fits:{}/batch:8/threads:{}",
                                    side_by_side ? "group" : "alone", n_memory, n_fits, threads);
                    const Setting setting{n_memory, 8, 500, {}, threads};
                    benchmark::RegisterBenchmark(name.c_str(), group, setting, n_fits, side_by_side)
                        ->UseManualTime()
                        ->Unit(benchmark::kMillisecond);
                }
            }
        }
    }
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cpu) continue;
        for (const std::int64_t n_memory : {20, 100}) {
            for (const std::int64_t batch : {1, 8, 128, 1056}) {
                register_forward("cuda", {n_memory, batch, batch > 128 ? 1000 : 6000, device});
            }
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
