#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tasks/arena/flywheel/flywheel_measures.h"
#include "tasks/comparison/statistics/intervals.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {

/// How much better F is than a control after a round.
struct ArmDifference {
    std::int64_t round = 0;
    std::string control;
    PairedDifference quality = {};  // accuracy, or loss that is saved; above 0: F is better
    double p_holm = 1;              // over all rounds and controls
    double seed_deviation = 0;      // of the difference, over seeds; NaN of one
    double forwards_ratio = 1;      // F's compute over the control's
};

/// What a flywheel came to: measures of all stages, differences of F from its controls with
/// two-level bootstrap (seeds, then samples), and whether there is a gain.
class FlywheelReport {
public:
    FlywheelReport(const FlywheelResults& results, const FlywheelOptions& options, double margin,
                   std::int64_t bootstrap_rounds);

    const std::vector<ArmDifference>& differences() const noexcept { return differences_; }
    /// What arms are compared by: accuracy, or the loss of numbers.
    const Metric& primary() const noexcept { return metrics_.front(); }
    /// A gain is claimed for a round whose lower 95 % bound is above 0, and Holm's p below 0.05,
    /// against each of C1, C2 and C3.
    std::string verdict() const;
    /// Means over seeds at the end of each round, by arm.
    Table arm_table() const;
    Table difference_table() const;
    /// F's stages: what was chosen.
    Table choice_table() const;
    /// arm, seed, round, stage, metric, value, updates, forwards, chosen, difficulty: a row each.
    Table stage_rows() const;
    std::vector<std::pair<std::string, Table>> tables() const;
    /// Accuracy or loss on TEST, mean over seeds, against cumulative sample-forwards.
    Figure figure() const;
    Record to_record() const;

private:
    void compare(std::int64_t bootstrap_rounds, std::uint64_t seed);
    /// Results of an arm after a stage, by seed.
    std::vector<std::size_t> at(const std::string& arm, std::int64_t stage) const;
    double mean(const std::vector<std::size_t>& which, double StageMeasures::*measure) const;
    double mean_quality(const std::vector<std::size_t>& which, std::size_t metric = 0) const;
    std::int64_t stages_of_round() const { return std::ssize(options_.stages); }

    const FlywheelResults& results_;
    const FlywheelOptions& options_;
    std::vector<Metric> metrics_;
    std::vector<StageMeasures> measures_;  // of each result
    std::vector<std::string> arms_;        // F first, then the controls
    std::vector<ArmDifference> differences_;
};

}  // namespace elm
