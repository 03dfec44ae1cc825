// Path-X: hard Pathfinder images of 128 px, 16384 steps. Source: Tay et al. 2021, arXiv 2011.04006.

#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/samples/sample_task.h"

namespace elm {

TaskEntry pathfinder_task();

TaskEntry pathfinder_x_task() {
    TaskEntry entry = pathfinder_task();
    entry.name = "pathfinder-x";
    entry.summary = "Pathfinder of 128 px, hard: 16384 steps";
    entry.source = "Tay et al. 2021, arXiv 2011.04006";
    entry.samples->fixed = {{"size", std::int64_t{128}}, {"difficulty", std::string("hard")}};
    // 300 epochs.
    entry.presets = joined(paper_presets({.task = R"(
[pathfinder-x]
encoding = "grey_bins"
bins = 8
train_samples = 160000
held_out = 20000
)",
                                          .batch = 768,
                                          .updates = 62500,
                                          .synapse_tau = 150,
                                          .longest_memory_tau = 20000}),
                           published_models(LraTask::path_x, "pathfinder-x"));
    return sample_task(std::move(entry));
}

}  // namespace elm
