// What it costs to compare: the paired bootstrap of a table, and ratings by samples.
//
//     comparison_bench [--benchmark_filter=ratings]

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/comparison/statistics/intervals.h"
#include "tasks/comparison/statistics/ratings.h"

namespace {

using namespace elm;

constexpr std::int64_t n_models = 10, n_seeds = 3;

double uniform(std::int64_t index) {
    return unit_uniform<double>(random_word(RandomKey{1}, index));
}

/// Ten models of three seeds, as many samples as the argument says.
void table(benchmark::State& state) {
    const std::int64_t n_samples = state.range(0);
    std::vector<SampleFigures> runs(n_models * n_seeds);
    std::int64_t next = 0;
    for (SampleFigures& run : runs) {
        for (std::int64_t i = 0; i < n_samples; ++i) {
            run.sums.push_back(uniform(next++) < 0.7 ? 1 : 0);
            run.counts.push_back(1);
        }
    }
    constexpr std::int64_t rounds = 2000;
    for (auto _ : state) {
        const ResampledScores all = resample(runs, rounds, RandomKey{2});
        for (std::size_t model = 1; model < n_models; ++model) {
            const std::vector<std::size_t> own{3 * model, 3 * model + 1, 3 * model + 2},
                other{0, 1, 2};
            benchmark::DoNotOptimize(paired_difference(all, own, other, n_samples, RandomKey{3}));
        }
    }
}

/// The same models against each other on every sample.
void ratings(benchmark::State& state) {
    std::vector<Contestant> contestants;
    std::int64_t next = 0;
    for (std::int64_t model = 0; model < n_models; ++model) {
        Contestant contestant{"model " + std::to_string(model), {}};
        for (std::int64_t seed = 0; seed < n_seeds; ++seed) {
            Answers answers;
            for (std::int64_t i = 0; i < state.range(0); ++i) {
                answers.right.push_back(uniform(next++) < 0.7 ? 1 : 0);
                answers.score.push_back(1 + 9 * uniform(next++));
            }
            answers.raw_score = answers.score;
            contestant.runs.push_back(answers);
        }
        contestants.push_back(contestant);
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(rate(contestants, Judge::label, {.key = RandomKey{4}}));
    }
}

BENCHMARK(table)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ratings)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
