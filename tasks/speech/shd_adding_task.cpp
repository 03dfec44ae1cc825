// SHD-Adding: the sum of two spoken digits, one after the other. Source: Spieler et al. 2024, arXiv
// 2306.16922, on the Spiking Heidelberg Digits of Cramer et al. 2020.

#include "tasks/samples/sample_task.h"
#include "tasks/speech/shd_folder.h"
#include "tasks/speech/shd_presets.h"
#include "tasks/speech/spoken_samples.h"

namespace elm {
namespace {

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    return open_shd(path, options, {.prefix = "shd"});
}

}  // namespace

TaskEntry shd_adding_task() {
    return sample_task(
        {.name = "shd-adding",
         .summary = "the sum of two digits of the Spiking Heidelberg Digits, asked for at the end",
         .source = "Spieler et al. 2024, arXiv 2306.16922; Cramer et al. 2020, "
                   "doi:10.1109/TNNLS.2020.3044364",
         // 70 epochs of 2,000 batches.
         .presets = shd_presets("shd-adding", 140'000),
         .needs_files = true,
         .samples = spoken_sums(spoken_words(
             "shd", "the folder of the Spiking Heidelberg Digits with shd_train.h5 and shd_test.h5",
             open))});
}

}  // namespace elm
