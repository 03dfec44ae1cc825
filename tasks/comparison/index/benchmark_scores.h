#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tasks/comparison/index/benchmark_runs.h"
#include "tasks/comparison/index/compositional_index.h"
#include "tasks/metrics.h"

/// What follows from the runs of a benchmark and the constants of its index.
namespace elm {

/// A mixer in a pattern.
struct MixerScore {
    std::string mixer;
    bool is_control = false;
    IndexScore mean;                // of the means over seeds
    std::vector<IndexScore> seeds;  // by seed, in the order of seeds_of()
    double delta = 0;  // index minus that of the vanilla mixer; NaN where there is none

    /// Deviation over seeds of the score in a task, divided by n - 1; NaN of fewer than two.
    double deviation(const std::string& task) const;
    double index_deviation() const;
    /// Marks a control.
    std::string shown_name() const;
};

/// In the order in which mixers come in the runs.
std::vector<MixerScore> scores_of(const std::vector<BenchmarkRun>& runs,
                                  const IndexConstants& constants);

/// Constants of every pattern that has runs, plain and of logarithms, from all mixers but controls.
std::vector<IndexConstants> freeze_constants(const std::vector<BenchmarkRun>& runs);
/// "NS" or "NS (log)".
std::string constants_name(const std::string& pattern, bool of_logarithms);
/// Null if there are none of the name.
const IndexConstants* find_constants(const std::vector<IndexConstants>& all,
                                     const std::string& name);

/// Of a pattern, best first, controls behind the others, those without an index at the end. Nothing
/// without constants.
std::vector<MixerScore> ranked_scores(const std::vector<BenchmarkRun>& runs,
                                      const std::vector<IndexConstants>& all,
                                      const std::string& pattern);
/// Mixers that the constants of a pattern are of.
std::int64_t population_of(const std::vector<IndexConstants>& all, const std::string& pattern);

/// How far two patterns agree on the mixers that are in both.
struct PatternAgreement {
    std::string first, second;
    std::int64_t mixers = 0;
    double pearson = 0, spearman = 0;  // NaN for fewer than four
    Interval pearson_interval{};       // 95 % of seeds drawn anew; NaN of one seed
};
std::vector<PatternAgreement> consistency(const std::vector<BenchmarkRun>& runs,
                                          const std::vector<IndexConstants>& constants,
                                          std::uint64_t seed);

/// The smallest difference of a metric worth reporting: the spread of the vanilla mixer between
/// seeds times sqrt(2).
struct MetricNoise {
    std::string pattern, task, metric;
    double value = 0, deviation = 0, least_difference = 0;
    double in_index_units = 0;  // least difference over sigma
};
std::vector<MetricNoise> noise_of(const std::vector<BenchmarkRun>& runs,
                                  const std::vector<IndexConstants>& constants);

}  // namespace elm
