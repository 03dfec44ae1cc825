// Rates of the encoders on one core, and what bounds them.
//
//     encoders_bench [--benchmark_filter=poisson]

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "encoders/cochlea/auditory_nerve.h"
#include "encoders/cochlea/sound.h"
#include "encoders/encoder_registry.h"
#include "encoders/rate/rate_draws.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/support/parallel.h"

namespace {

using namespace elm;

std::vector<float> values_within(std::int64_t count, float lowest, float highest) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
        values[static_cast<std::size_t>(i)] =
            lowest + (highest - lowest) * unit_uniform<float>(random_word({.seed = 1}, i));
    }
    return values;
}

/// Draws for values that are read once from memory, 4 bytes in and 1 out each.
void rate_draws(benchmark::State& state) {
    const std::int64_t count = state.range(0);
    const std::vector<float> values = values_within(count, 0, 0.2F);
    std::vector<std::uint8_t> spikes(values.size());
    Stream host{Device{}};
    for (auto _ : state) {
        rate_draws_kernel(host, {.values = {values.data(), {count / 64, 64}},
                                 .spikes = {spikes.data(), {count / 64, 64}},
                                 .key = {.seed = 2}});
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * count);
}

/// The memory floor of the same: every value read, a byte written for each.
void rate_draws_floor(benchmark::State& state) {
    const std::int64_t count = state.range(0);
    const std::vector<float> values = values_within(count, 0, 0.2F);
    std::vector<std::uint8_t> spikes(values.size());
    for (auto _ : state) {
        for (std::size_t i = 0; i < values.size(); ++i) spikes[i] = values[i] > 0.1F;
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * count);
}

/// A whole encoding into a list of spikes.
void encoding(benchmark::State& state, const EncoderEntry& encoder) {
    const bool whole = encoder.range.whole_numbers;
    Signal signal{.n_steps = 1000, .n_channels = 64, .step_ms = 200};
    signal.values = values_within(signal.n_steps * signal.n_channels, 0.1F, 0.9F);
    if (whole) signal.values.assign(signal.values.size(), 3.0F);
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode(encoder, encoder.options, signal, {.seed = 1}));
    }
    state.SetItemsProcessed(state.iterations() * std::ssize(signal.values));
}

constexpr double rate_hz = 48000;

std::vector<double> clip_of(std::int64_t length) {
    return cochlea::level_and_window(values_within(length, -1, 1));
}

/// Seconds of sound in a second, all 700 channels; the filters of the length are there.
void cochlea_hearing(benchmark::State& state) {
    const std::int64_t n_samples = state.range(0);
    const cochlea::BasilarMembrane membrane(n_samples, rate_hz, 700);
    const std::vector<double> clip = clip_of(n_samples);
    double spikes = 0;
    for (auto _ : state) {
        spikes = static_cast<double>(
            cochlea::hear(membrane, clip, membrane.n_steps(), {.seed = 1}).size());
    }
    const double seconds = static_cast<double>(n_samples) / rate_hz;
    state.counters["real_time"] = benchmark::Counter(
        seconds * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["spikes"] = spikes;
}

/// The membrane alone.
void cochlea_membrane(benchmark::State& state) {
    const std::int64_t n_samples = state.range(0);
    const cochlea::BasilarMembrane membrane(n_samples, rate_hz, 700);
    const std::vector<double> clip = clip_of(n_samples);
    const auto n_steps = static_cast<std::size_t>(membrane.n_steps());
    std::vector<float> first(n_steps), second(n_steps);
    cochlea::BasilarMembrane::Workspace workspace;
    for (auto _ : state) {
        const auto spectrum = membrane.spectrum(clip);
        for (std::int64_t pair = 0; pair < 350; ++pair) {
            membrane.velocities(spectrum, pair, first, second, workspace);
        }
        benchmark::DoNotOptimize(first.data());
    }
    const double seconds = static_cast<double>(n_samples) / rate_hz;
    state.counters["real_time"] = benchmark::Counter(
        seconds * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

/// Filters of a length, for the first clip that has it.
void cochlea_filters(benchmark::State& state) {
    for (auto _ : state) {
        const cochlea::BasilarMembrane membrane(state.range(0), rate_hz, 700);
        state.counters["kept_share"] = membrane.kept_share();
    }
}

}  // namespace

int main(int argc, char** argv) {
    set_thread_count(1);
    constexpr std::int64_t in_cache = 1 << 14, in_memory = 1 << 26;
    benchmark::RegisterBenchmark("poisson/draws", rate_draws)->Arg(in_cache)->Arg(in_memory);
    benchmark::RegisterBenchmark("poisson/memory_floor", rate_draws_floor)
        ->Arg(in_cache)
        ->Arg(in_memory);
    for (const EncoderEntry& encoder : all_encoders()) {
        if (encoder.reads == SignalKind::sound || encoder.reads == SignalKind::events) continue;
        benchmark::RegisterBenchmark(("encode/" + encoder.name).c_str(),
                                     [&encoder](auto& state) { encoding(state, encoder); });
    }
    // 1.02 s whose transform is fast (24,576 steps), and 1 s as published (24,001, a prime).
    constexpr std::int64_t smooth = 2 * (24576 - 1), prime = 48000;
    benchmark::RegisterBenchmark("cochlea/hearing", cochlea_hearing)
        ->Arg(smooth)
        ->Arg(prime)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("cochlea/membrane", cochlea_membrane)
        ->Arg(smooth)
        ->Arg(prime)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("cochlea/filters", cochlea_filters)
        ->Arg(smooth)
        ->Unit(benchmark::kMillisecond);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
