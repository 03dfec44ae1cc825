// Spoken digits of a speech synthesiser through a model of the cochlea: which word was spoken? The
// corpus is made by elmsim generate spoken-digits; form of Cramer et al. 2020.

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

TaskEntry spoken_digits_task() {
    return sample_task(
        {.name = "spoken-digits",
         .summary = "synthesised digits through a cochlea: which of 20 words was spoken?",
         .source = "our own; form of Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364",
         // 70 epochs of 814 batches.
         .presets = shd_presets("spoken-digits", 56'980),
         .needs_files = true,
         .samples = spoken_words("spoken-digits",
                                 "a folder that elmsim generate spoken-digits made, with "
                                 "spoken_train.h5 and spoken_test.h5",
                                 open)});
}

}  // namespace elm
