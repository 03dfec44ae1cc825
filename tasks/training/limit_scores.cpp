#include "tasks/training/limit_scores.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/core/support/log.h"

namespace elm {

void limit_scores(std::span<const TrainerRun> runs, const TrainerSettings& settings) {
    const double share = settings.seconds / static_cast<double>(runs.size());
    std::optional<ScoredSamples> least;
    for (const TrainerRun& run : runs) {  // one that goes on has decided it
        if (!run.training->validations().empty()) least = run.training->settings().scored;
    }
    if (!least) {
        least.emplace();
        const auto lower = [](std::int64_t& to, std::int64_t by) {
            if (by > 0) to = to > 0 ? std::min(to, by) : by;
        };
        for (const TrainerRun& run : runs) {
            const ScoredSamples own = run.training->affordable_samples(share);
            lower(least->validation, own.validation);
            lower(least->test, own.test);
        }
        if (!settings.tests) least->test = 0;
    }
    for (const TrainerRun& run : runs) run.training->score_on(*least);
    const Task& task = runs.front().training->task();
    for (const auto& [some, split] :
         {std::pair(least->validation, Split::validation), std::pair(least->test, Split::test)}) {
        if (some == 0) continue;
        log::info(
            "scores are of {} of the {} {} samples: all of them would take too much of "
            "the time",
            some, task.count(split), name_of(split));
    }
}

}  // namespace elm
