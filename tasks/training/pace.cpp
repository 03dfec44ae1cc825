#include "tasks/training/pace.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tasks/training/plan/checkpoint_match.h"

namespace elm {
namespace {

constexpr std::int64_t most_validations = 40;
constexpr double validation_share = 0.1;

/// When the plan of a training is looked at: shares of it. The first plan comes after a
/// second where that is sooner.
constexpr std::array looks{0.02, 0.1, 0.3, 0.6, 0.85};
constexpr double first_look_seconds = 1;
constexpr double kept_within = 0.05;

}  // namespace

Pace pace_of(std::int64_t updates, double validation_cost, std::int64_t fewest_validations,
             std::int64_t validate_every) {
    Pace pace{.updates = updates};
    if (validate_every > 0) {
        pace.validate_every = validate_every;
        pace.report_every = validate_every % 5 == 0 ? validate_every / 5 : validate_every;
        return pace;
    }
    const auto total = static_cast<double>(updates);
    const double count =
        std::clamp(validation_share * total / validation_cost,
                   static_cast<double>(fewest_validations), static_cast<double>(most_validations));
    pace.report_every = std::clamp<std::int64_t>(updates / 200, 1, 2000);
    pace.validate_every =
        pace.report_every * static_cast<std::int64_t>(
                                std::ceil(total / count / static_cast<double>(pace.report_every)));
    return pace;
}

TimePlan::TimePlan(double seconds, const TimeSpent& spent, std::int64_t updates_done,
                   std::int64_t validate_every)
    : seconds_(seconds),
      validate_every_(validate_every),
      before_(spent),
      updates_before_(updates_done),
      progress_before_(spent.total() / seconds) {}

bool TimePlan::due(double progress) const {
    return std::any_of(looks.begin(), looks.end(),
                       [&](double look) { return progress_before_ < look && look <= progress; });
}

Pace TimePlan::revise(const Pace& pace, const TimeSpent& spent, std::int64_t updates_done) {
    const std::int64_t updates = updates_done - updates_before_;
    const double seconds = spent.training - before_.training;
    const bool first =
        !pace.is_planned() && seconds >= std::min(first_look_seconds, looks.front() * seconds_);
    const double progress =
        std::max(spent.total() / seconds_,
                 static_cast<double>(updates_done) / static_cast<double>(pace.updates));
    if (updates <= 0 || !(first || due(progress))) return pace;
    progress_before_ = progress;
    before_ = spent;
    updates_before_ = updates_done;
    const double per_update = seconds / static_cast<double>(updates);
    const double cost = spent.last_validation / per_update;
    // The last validation comes at the end; of the others each update pays its share.
    const double left = seconds_ - spent.total() - spent.last_validation;
    const auto updates_in = [&](double each) {
        return updates_done + static_cast<std::int64_t>(std::max(0.0, left) / each);
    };
    const Pace rough = pace_of(updates_in(per_update), cost, 1, validate_every_);
    const double share = spent.last_validation / static_cast<double>(rough.validate_every);
    const std::int64_t planned = updates_in(per_update + share);
    const double change = static_cast<double>(planned - pace.updates);
    if (pace.is_planned() &&
        std::abs(change) <= kept_within * static_cast<double>(pace.updates - updates_done)) {
        return pace;
    }
    return pace_of(planned, cost, 1, validate_every_);
}

void put_pace(const Pace& pace, Config& config) {
    Values& data = config.sections[data_section];
    data["updates"] = pace.updates;
    data["report_every"] = pace.report_every;
    data["validate_every"] = pace.validate_every;
}

Pace take_pace(Config& config) {
    Pace pace;
    Values& data = config.sections[data_section];
    const auto take = [&](const char* name, std::int64_t& value) {
        const auto found = data.extract(name);
        if (found.empty() || !std::holds_alternative<std::int64_t>(found.mapped())) return;
        value = std::get<std::int64_t>(found.mapped());
    };
    take("updates", pace.updates);
    if (!data.contains("report_every")) return pace_of(pace.updates, 0, 1, 0);  // older programs
    take("report_every", pace.report_every);
    take("validate_every", pace.validate_every);
    return pace;
}

}  // namespace elm
