// The sum of two synthesised digits, one after the other; form of SHD-Adding (Spieler et al. 2024,
// arXiv 2306.16922).

#include "tasks/samples/sample_task.h"
#include "tasks/speech/shd_folder.h"
#include "tasks/speech/shd_presets.h"
#include "tasks/speech/spoken_samples.h"

namespace elm {
namespace {

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    return open_shd(path, options, {.prefix = "spoken"});
}

}  // namespace

TaskEntry spoken_adding_task() {
    return sample_task(
        {.name = "spoken-adding",
         .summary = "the sum of two synthesised digits, asked for at the end",
         .source = "our own; form of Spieler et al. 2024, arXiv 2306.16922",
         // 70 epochs of 2,000 batches.
         .presets = shd_presets("spoken-adding", 140'000),
         .needs_files = true,
         .samples = spoken_sums(spoken_words("spoken",
                                             "a folder that elmsim generate spoken-digits made, "
                                             "with spoken_train.h5 and spoken_test.h5",
                                             open))});
}

}  // namespace elm
