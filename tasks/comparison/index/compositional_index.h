#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/io/toml_config.h"

/// One figure for a mixer out of many tasks: with the mean mu and the deviation sigma (divided by
/// n - 1) of metric t over a population of n mixers, and w = 1 where high is good, else -1,
///
///     z_t = w (x_t - mu_t) / sigma_t       task score = mean of z over its metrics
///     index = mean of the task scores, of mixers that have a score in every task
///
/// mu and sigma are frozen: a mixer that joins later is scored with those of the others. Source:
/// Zhang et al. 2023, CAB: comprehensive attention benchmarking on long sequence modeling, arXiv
/// 2210.07661.
namespace elm {

/// A metric that counts in an index.
struct IndexMetric {
    std::string task, metric;
    bool higher_is_better = false;
    bool of_logarithm = false;  // its logarithm is what counts
};

/// Values of a mixer by task and metric; what is not there, or is not finite once its logarithm is
/// taken, has no result.
using MetricValues = std::map<std::pair<std::string, std::string>, double>;

/// What a metric is held against.
struct IndexConstant {
    IndexMetric metric;
    double mean = 0, deviation = 1;
    std::int64_t count = 0;  // of mixers that have a value

    /// Several have a value, the same: it tells nobody from another.
    bool tells_nothing() const noexcept;
};

struct IndexConstants {
    std::string pattern;
    std::vector<IndexConstant> metrics;
    std::vector<std::string> population;  // names of the mixers

    /// Changes with the names, and with nothing else.
    std::string population_hash() const;
};

/// Mean and deviation of each metric over a population. A metric that fewer than two have has the
/// deviation NaN, and nobody a score in its task; so has one in which all agree, and tasks and
/// index do without it.
IndexConstants constants_of(std::string pattern, const std::vector<IndexMetric>& metrics,
                            const std::map<std::string, MetricValues>& population);

/// The scores of one mixer; NaN where it has none.
struct IndexScore {
    std::map<std::string, double> tasks;
    double index = 0;
};
IndexScore score_of(const IndexConstants& constants, const MetricValues& values);

/// One z.
double z_score(const IndexConstant& constant, double value);

/// Constants of all patterns, with the settings under which the population was trained.
struct FrozenConstants {
    Config settings;
    std::vector<IndexConstants> patterns;
};

/// As JSON, and back, settings as texts. Throws Error{data} naming `origin` for text that is none.
std::string constants_to_json(const FrozenConstants& all);
FrozenConstants constants_from_json(const std::string& text, const std::string& origin);

}  // namespace elm
