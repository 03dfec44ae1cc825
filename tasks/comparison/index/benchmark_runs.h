#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tasks/comparison/index/compositional_index.h"
#include "tasks/comparison/speed/speed_curve.h"

/// What a benchmark of mixers measured, as tables that everything else follows from:
///
///   cab_runs.csv  pattern, task, role, mixer, data, tier, seed, params, extra_params_pct,
///                 train_flops, metric, value: a row for each metric of each run
///   cab_cost.csv  mixer, device, dtype, width, batch, mode, length, repeat, ms, peak_bytes: a row
///                 for each pass
namespace elm {

struct BenchmarkRun {
    std::string pattern, task, role, mixer;
    std::string data = "syn", tier;
    std::uint64_t seed = 0;
    std::int64_t params = 0;
    double extra_params_pct = 0;  // beyond those of the vanilla mixer, set_extra_parameters()
    double train_flops = 0;
    std::string metric;
    double value = 0;

    /// Of what is known without a model.
    bool is_rule() const { return role == rule_role; }
    /// A mixer that mixes nothing or next to nothing: no part of a population.
    bool is_control() const { return role == control_role; }

    static constexpr const char *rule_role = "rule", *control_role = "control";
};

std::string runs_to_csv(const std::vector<BenchmarkRun>& runs);
/// Throws Error{data} naming the line for what is no such table.
std::vector<BenchmarkRun> runs_from_csv(const std::string& text, const std::string& origin);

/// All rows of `again`, behind those of `before` that are of other runs.
std::vector<BenchmarkRun> joined_runs(std::vector<BenchmarkRun> before,
                                      const std::vector<BenchmarkRun>& again);
/// Holds the parameters of each run against those of the vanilla mixer in its task.
void set_extra_parameters(std::vector<BenchmarkRun>& runs);

/// What passes were measured on, and of what size: costs of two do not compare.
struct CostPlace {
    std::string device, dtype;
    std::int64_t width = 0, batch = 0;

    bool operator==(const CostPlace&) const = default;
};
struct MeasuredCosts {
    CostPlace place;
    std::vector<SpeedCurve> curves = {};
};
std::string costs_to_csv(const MeasuredCosts& costs);
/// Curves of each place and model, by rising lengths, without numbers of parameters. Throws
/// Error{data} naming the line for what is no such table.
std::vector<MeasuredCosts> costs_from_csv(const std::string& text, const std::string& origin);

/// By mixer, the mean over seeds of each metric of a pattern; by_seed: of one seed.
std::map<std::string, MetricValues> mean_values(const std::vector<BenchmarkRun>& runs,
                                                const std::string& pattern);
std::map<std::string, MetricValues> values_of_seed(const std::vector<BenchmarkRun>& runs,
                                                   const std::string& pattern, std::uint64_t seed);
std::vector<std::uint64_t> seeds_of(const std::vector<BenchmarkRun>& runs);
/// In the order in which they come first.
std::vector<std::string> mixers_of(const std::vector<BenchmarkRun>& runs,
                                   const std::string& pattern);
bool is_control(const std::vector<BenchmarkRun>& runs, const std::string& mixer);

}  // namespace elm
