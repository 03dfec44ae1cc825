// Rates of the generators of tasks: samples per second of one core.
//
//     tasks_bench [--benchmark_filter=pathfinder/128/hard]
//
// Pathfinder images take as many attempts as it happens to need, from 1.5 (256, easy) to 4,000 (64,
// hard): short runs scatter by one over the square root of the images.

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/classics/adding.h"
#include "tasks/classics/associative_recall.h"
#include "tasks/classics/copying.h"
#include "tasks/classics/delayed_xor.h"
#include "tasks/classics/mqar.h"
#include "tasks/classics/parity.h"
#include "tasks/classics/selective_copying.h"
#include "tasks/lra/images/synthetic_image.h"
#include "tasks/lra/listops/listops.h"
#include "tasks/lra/pathfinder/pathfinder.h"

namespace {

using namespace elm;

/// Runs draw(index) for index = 0, 1, ...
template <class Draw>
void run(benchmark::State& state, const Draw& draw) {
    std::uint64_t index = 0;
    for (auto _ : state) draw(index++);
    state.SetItemsProcessed(state.iterations());
}

void pathfinder(benchmark::State& state, const PathfinderOptions& options) {
    const PathfinderGenerator generator(options);
    PathfinderWorkspace workspace;
    PathfinderSample sample;
    std::int64_t attempts = 0;
    run(state, [&](std::uint64_t index) {
        generator.draw(1, index, sample, workspace);
        attempts += sample.attempts;
    });
    state.counters["attempts"] =
        static_cast<double>(attempts) / static_cast<double>(state.iterations());
}

void pathfinder_tables(benchmark::State& state, const PathfinderOptions& options) {
    for (auto _ : state) benchmark::DoNotOptimize(PathfinderGenerator(options));
}

void listops(benchmark::State& state) {
    const ListOpsGenerator generator;
    ListOpsSample sample;
    run(state, [&](std::uint64_t index) { generator.draw(1, index, sample); });
}

/// A generator that writes tokens and targets.
template <class Fill>
void tokens(benchmark::State& state, int length, const Fill& fill) {
    std::vector<std::int32_t> input(static_cast<std::size_t>(length)), targets(input.size());
    run(state, [&](std::uint64_t index) {
        fill(index, input, targets);
        benchmark::DoNotOptimize(targets.data());
        benchmark::ClobberMemory();
    });
}

/// A generator that writes two channels of real numbers.
template <class Fill>
void channels(benchmark::State& state, int length, const Fill& fill) {
    std::vector<float> input(2 * static_cast<std::size_t>(length));
    run(state, [&](std::uint64_t index) { benchmark::DoNotOptimize(fill(index, input)); });
}

template <class Body>
void add(const std::string& name, const Body& body) {
    benchmark::RegisterBenchmark(name.c_str(), body);
}

void add_pathfinder() {
    const std::pair<const char*, PathfinderDifficulty> difficulties[] = {
        {"easy", PathfinderDifficulty::easy},
        {"intermediate", PathfinderDifficulty::intermediate},
        {"hard", PathfinderDifficulty::hard}};
    for (const int size : {32, 64, 128, 256}) {
        for (const auto& [name, difficulty] : difficulties) {
            const PathfinderOptions options{.size = size, .difficulty = difficulty};
            add(fmt::format("pathfinder/{}/{}", size, name),
                [options](benchmark::State& state) { pathfinder(state, options); });
        }
        add(fmt::format("pathfinder_tables/{}", size),
            [size](benchmark::State& state) { pathfinder_tables(state, {.size = size}); });
    }
}

void add_classics() {
    add("adding/200", [](benchmark::State& state) {
        channels(state, 200, [](std::uint64_t index, std::vector<float>& input) {
            return fill_adding({200}, 1, index, input);
        });
    });
    add("delayed_xor/200", [](benchmark::State& state) {
        channels(state, 200, [](std::uint64_t index, std::vector<float>& input) {
            return fill_delayed_xor({200}, 1, index, input);
        });
    });
    add("parity/200", [](benchmark::State& state) {
        tokens(state, 200, [](std::uint64_t index, auto& input, auto& targets) {
            fill_parity({.length = 200}, 1, index, input, targets);
        });
    });
    add("copying/120", [](benchmark::State& state) {
        tokens(state, 120, [](std::uint64_t index, auto& input, auto& targets) {
            fill_copying({}, 1, index, input, targets);
        });
    });
    add("selective_copying/120", [](benchmark::State& state) {
        tokens(state, 120, [](std::uint64_t index, auto& input, auto& targets) {
            fill_selective_copying({}, 1, index, input, targets);
        });
    });
    add("associative_recall/21", [](benchmark::State& state) {
        tokens(state, 21, [](std::uint64_t index, auto& input, auto& targets) {
            fill_associative_recall({}, 1, index, input, targets);
        });
    });
    for (const auto& [length, pairs] : {std::pair(64, 4), std::pair(128, 8), std::pair(512, 64)}) {
        add(fmt::format("mqar/{}/{}", length, pairs),
            [length = length, pairs = pairs](benchmark::State& state) {
                const MqarGenerator generator({.length = length, .pairs = pairs});
                tokens(state, length, [&](std::uint64_t index, auto& input, auto& targets) {
                    generator.fill(1, index, input, targets);
                });
            });
    }
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    add_pathfinder();
    add("listops", listops);
    add_classics();
    add("synthetic_image", [](benchmark::State& state) {
        std::vector<std::uint8_t> image(synthetic_image_pixels);
        run(state, [&](std::uint64_t index) {
            benchmark::DoNotOptimize(fill_synthetic_image(1, index, image));
        });
    });
    benchmark::RunSpecifiedBenchmarks();
}
