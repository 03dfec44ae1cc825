#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tasks/comparison/index/benchmark_scores.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

/// Tables and pictures of a benchmark of mixers. A missing cell is "-", and never 0.
namespace elm {

/// All that they are made of.
struct BenchmarkRecord {
    std::vector<BenchmarkRun> runs;
    std::vector<MeasuredCosts> costs;
    std::vector<IndexConstants> constants;
    std::uint64_t seed = 0;  // of resampling
};

/// cab_ci.csv: pattern, mixer, task, z_mean, z_seed_sd, ci, delta, n. A row for each task, with the
/// index of the whole pattern beside it, plain and of logarithms.
std::string index_to_csv(const BenchmarkRecord& record);

/// Mixers of a pattern: scores of tasks, index, difference from vanilla, index of logarithms.
/// Controls stand last and are none of the population.
Table leaderboard(const BenchmarkRecord& record, const std::string& pattern);
/// Every metric that counts, mean and deviation over seeds, with the rules that need no model.
Table metric_table(const BenchmarkRecord& record, const std::string& pattern);
/// Correlations between patterns; "-" for fewer than four mixers.
Table consistency_table(const BenchmarkRecord& record);
/// Vanilla against no mixer, three steps and wider perceptrons, task by task: the first metric, and
/// in units of the index where the task has one. Says where no mixing is as good as mixing.
Table benefit_table(const BenchmarkRecord& record);
/// Perplexity of language models at other lengths than they were trained at.
Table length_table(const BenchmarkRecord& record);
Table noise_table(const BenchmarkRecord& record);
/// Metrics that the index does without, see IndexConstant::tells_nothing().
Table same_for_all(const BenchmarkRecord& record);

/// All of them that have rows, by their titles.
std::vector<std::pair<std::string, Table>> benchmark_tables(const BenchmarkRecord& record);

/// Patterns with runs, in their order.
std::vector<std::string> patterns_of(const BenchmarkRecord& record);
/// The index of each mixer of a pattern with its deviation over seeds. No panels where nobody has
/// one.
Figure index_figure(const BenchmarkRecord& record, const std::string& pattern);

}  // namespace elm
