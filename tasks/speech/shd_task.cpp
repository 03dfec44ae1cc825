// Spiking Heidelberg Digits: which word was spoken, in English or German? Source: Cramer et al.
// 2020, doi:10.1109/TNNLS.2020.3044364; settings: Spieler et al. 2024, arXiv 2306.16922.

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

TaskEntry shd_task() {
    return sample_task(
        {.name = "shd",
         .summary = "Spiking Heidelberg Digits: which of 20 words was spoken?",
         .source = "Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364",
         // 70 epochs of 814 batches.
         .presets = shd_presets("shd", 56'980),
         .needs_files = true,
         .samples = spoken_words(
             "shd", "the folder of the Spiking Heidelberg Digits with shd_train.h5 and shd_test.h5",
             open)});
}

}  // namespace elm
