// Training of ELM neurons on the CPU as share of the multiply-add peak of the threads in use, which
// is measured right before each case on as many threads.
//
//     elm_training_share_bench [THREADS ...]     default: 1, and all cores
//
// Floor: 3 x 2 (2 h d_m + d_b h + d_out d_m) operations per neuron-step, forward and backward; of
// the network layer as network_layer_run.h says. What is repeated to save memory counts as nothing.
// `of peak` is of the median run in wall time, `best` of the best one, `by cpu` of the processor
// time of all threads, which other work on the machine touches least.
//
// Bytes are the most that operator new had given out at once during the first run, beyond what the
// run was given, per sample: packed weights, sums of gradients and what the steps leave behind;
// `given` is what it was given per sample: spikes, outputs and their gradients.
//
// pathfinder: 16 grey levels one-hot, a branch each, ReLU, time constants that are learnt; path-x:
// 8 levels, 16,384 steps, of which hidden units or whole segments are repeated. Sizes of Spieler et
// al. 2024, arXiv 2306.16922.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "bench/network_layer_run.h"
#include "kernels/core/buffer.h"
#include "kernels/core/random/philox.h"
#include "kernels/modules/training_pass.h"
#include "neuron/elm/elm_module.h"
#include "tests/support/allocation_peak.h"

namespace {

using namespace elm;

struct Case {
    std::string name;
    double flop = 0;
    std::int64_t n_samples = 0;
    double given = 0;  // bytes
    std::function<void()> run;
};

SpikeTrain random_levels(std::int64_t batch, std::int64_t n_steps, std::int64_t n_levels) {
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

/// A neuron in training, as a training run holds it.
struct Neuron {
    Neuron(const ElmOptions& options, std::int64_t batch, std::int64_t n_steps)
        : module(make_elm_model(options, 1)),
          flat(allocate_parameters(stream, module, DType::f32, RandomKey{1})),
          spikes(random_levels(batch, n_steps, options.n_input)),
          output(Tensor::zeros(stream, {batch, n_steps, options.n_output}, DType::f32)),
          output_gradient(Tensor::zeros(stream, {batch, n_steps, options.n_output}, DType::f32)),
          pass(module.training_pass(stream, DType::f32)) {}

    /// With dL/dy = y / 1000 at every output.
    void run() {
        pass->run({.spikes = &spikes,
                   .output = output,
                   .output_gradient = output_gradient,
                   .loss = [this](std::int64_t first, std::int64_t n) {
                       const auto from = output.host<float>(), to = output_gradient.host<float>();
                       const auto row =
                           static_cast<std::size_t>(output.shape()[1] * output.shape()[2]);
                       for (auto i = static_cast<std::size_t>(first) * row;
                            i < static_cast<std::size_t>(first + n) * row; ++i) {
                           to[i] = 1e-3F * from[i];
                       }
                   }});
    }

    Stream stream{Device{}};
    ElmModule module;
    FlatParameters flat;
    SpikeTrain spikes;
    Tensor output, output_gradient;
    std::unique_ptr<TrainingPass> pass;
};

/// `recomputes`: calls of TrainingPass::recompute().
Case neuron(const std::string& name, std::int64_t n_memory, std::int64_t n_levels,
            std::int64_t batch, std::int64_t n_steps, int recomputes) {
    const ElmOptions options{.n_input = n_levels,
                             .n_output = 2,
                             .n_memory = n_memory,
                             .memory_tau_max_ms = recomputes > 0 ? 2e4 : 1e3,
                             .learn_memory_tau = true};
    auto own = std::make_shared<Neuron>(options, batch, n_steps);
    for (int i = 0; i < recomputes; ++i) own->pass->recompute();
    const double given = 8 * static_cast<double>(own->spikes.row_begin.size()) +
                         4 * static_cast<double>(own->spikes.units.size()) +
                         2 * 4 * static_cast<double>(own->output.shape().size());
    // Spikes are rare: they are added, and synapses multiply nothing.
    const double of_step =
        own->module.flops_per_step(n_steps) - 2 * static_cast<double>(options.synapses());
    return {name, 3 * of_step * static_cast<double>(batch * n_steps), batch, given,
            [own] { own->run(); }};
}

Case network_layer() {
    auto stream = std::make_shared<Stream>(Device{});
    auto own = std::make_shared<bench::NetworkLayerRun>(*stream);
    return {"network 57 x 9", own->flop(true), bench::NetworkLayerRun::batch, own->given_bytes(),
            [stream, own] { own->run(true); }};
}

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
double processor_seconds() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void measure(const Case& one, int threads) {
    const double peak = bench::measure_fma_peak_of(threads);
    test::AllocationPeak memory;
    one.run();
    const double bytes = static_cast<double>(memory.bytes());
    std::vector<double> wall, processor;
    constexpr double least_seconds = 1.5;
    constexpr std::size_t fewest_runs = 3;
    const double begin = wall_seconds();
    while (wall_seconds() - begin < least_seconds || wall.size() < fewest_runs) {
        const double wall_before = wall_seconds(), processor_before = processor_seconds();
        one.run();
        wall.push_back(wall_seconds() - wall_before);
        processor.push_back(processor_seconds() - processor_before);
    }
    std::sort(wall.begin(), wall.end());
    std::sort(processor.begin(), processor.end());
    const auto share = [&](double seconds) { return 100 * one.flop / (peak * seconds); };
    const auto per_sample = [&](double n) { return n / 1e3 / static_cast<double>(one.n_samples); };
    fmt::print(
        "{:<24} {:>7} {:>9.3f} {:>9.1f} {:>9.2f} {:>7.1f} % {:>7.1f} % {:>7.1f} % {:>8.0f} "
        "{:>8.0f}\n",
        one.name, threads, one.flop * 1e-9, peak * 1e-9, wall[wall.size() / 2] * 1e3,
        share(wall[wall.size() / 2]), share(wall.front()),
        share(processor[processor.size() / 2] / threads), per_sample(bytes), per_sample(one.given));
}

}  // namespace

int main(int argc, char** argv) {
    elm::keep_freed_memory();
    std::vector<int> threads;
    for (int i = 1; i < argc; ++i) threads.push_back(std::atoi(argv[i]));
    if (threads.empty()) {
        threads = {1};
        elm::set_thread_count(0);
        if (elm::thread_count() > 1) threads.push_back(elm::thread_count());
    }
    fmt::print("{:<24} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8}\n", "case", "threads",
               "GFLOP", "GFLOP/s", "ms", "of peak", "best", "by cpu", "kB", "given");
    using Make = std::function<Case()>;
    const Make cases[] = {
        [] { return neuron("pathfinder d_m 50", 50, 16, 8, 1024, 0); },
        [] { return neuron("pathfinder d_m 150", 150, 16, 8, 1024, 0); },
        [] { return neuron("pathfinder d_m 150, 64", 150, 16, 64, 1024, 0); },
        [] { return neuron("path-x, hidden repeated", 150, 8, 8, 16384, 1); },
        [] { return neuron("path-x, all repeated", 150, 8, 8, 16384, 2); },
        [] { return network_layer(); },
    };
    for (const int count : threads) {
        for (const Make& make : cases) {
            elm::set_thread_count(count);
            measure(make(), count);
        }
    }
    return 0;
}
