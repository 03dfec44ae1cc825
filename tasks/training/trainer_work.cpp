#include "tasks/training/trainer_work.h"

#include <algorithm>
#include <utility>

#include "kernels/core/support/log.h"

namespace elm {

TimeSpent TrainerWork::time_spent(std::size_t side_by_side) const {
    TimeSpent spent;
    for (const TrainerRun* run : runs) {
        const TimeSpent& own = run->training->time_spent();
        spent.training += own.training;
        spent.validation += own.validation * static_cast<double>(side_by_side);
        spent.last_validation += own.last_validation * static_cast<double>(side_by_side);
    }
    return spent;
}

double TrainerWork::fraction_done() const {
    double least = 1;
    for (const TrainerRun* run : runs) least = std::min(least, run->training->fraction_done());
    return least;
}

void TrainerWork::advance(double seconds) {
    Training& training = first();
    const std::int64_t every = training.settings().report_every;
    if (group) {
        group->advance(every, seconds);
    } else {
        training.advance((training.update_count() / every + 1) * every, seconds);
    }
}

std::vector<TrainerWork> share_work(std::span<const TrainerRun> runs) {
    std::vector<TrainerWork> work;
    std::vector<Training*> trainings;
    for (const TrainerRun& run : runs) trainings.push_back(run.training);
    const std::vector<Training*> grouped = TrainingGroup::choose(trainings);
    TrainerWork together;
    for (const TrainerRun& run : runs) {
        if (std::find(grouped.begin(), grouped.end(), run.training) != grouped.end()) {
            together.runs.push_back(&run);
        } else {
            work.push_back({{&run}, std::nullopt});
        }
    }
    if (!grouped.empty()) {
        log::debug("{} small models share vectors", grouped.size());
        together.group.emplace(grouped);
        work.push_back(std::move(together));
    }
    return work;
}

}  // namespace elm
