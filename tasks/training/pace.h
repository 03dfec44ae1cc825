#pragma once

#include <cstdint>

#include "kernels/io/toml_config.h"

namespace elm {

/// Length of a training, and how often it is reported on and validated, all in updates. Which model
/// is the best depends on it, so a checkpoint keeps it.
struct Pace {
    /// As many as a training of unknown length has.
    static constexpr std::int64_t no_end = std::int64_t{1} << 40;

    std::int64_t updates = no_end;
    std::int64_t report_every = 1, validate_every = 1;  // the second is a multiple of the first

    bool is_planned() const noexcept { return updates < no_end; }
};

/// The pace of a training of so many updates: at most 40 validations, and fewer where they would
/// take more than a tenth of the time, but at least `fewest_validations`. `validation_cost`: of one
/// of them, in updates. `validate_every` is kept if it is not 0.
Pace pace_of(std::int64_t updates, double validation_cost, std::int64_t fewest_validations,
             std::int64_t validate_every);

/// Wall time that a training took.
struct TimeSpent {
    double training = 0, validation = 0, last_validation = 0;  // s

    double total() const noexcept { return training + validation; }
};

/// Plan of a training that is given wall time instead of updates. The count is planned when the
/// first updates are done, and looked at again at some shares of the time or of the updates,
/// whatever comes first; it is kept where it comes out right within 5 %.
class TimePlan {
public:
    TimePlan(double seconds, const TimeSpent& spent, std::int64_t updates_done,
             std::int64_t validate_every);

    /// The pace from here on, `pace` itself where it stays.
    Pace revise(const Pace& pace, const TimeSpent& spent, std::int64_t updates_done);

private:
    bool due(double progress) const;

    double seconds_;
    std::int64_t validate_every_;
    TimeSpent before_;  // at the last look
    std::int64_t updates_before_;
    double progress_before_;
};

/// Puts a pace into the section [data] of a configuration, and takes it out again. What is not
/// there keeps its default.
void put_pace(const Pace& pace, Config& config);
Pace take_pace(Config& config);

}  // namespace elm
