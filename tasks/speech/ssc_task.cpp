// Spiking Speech Commands: which of 35 words was spoken? Source: Cramer et al. 2020,
// doi:10.1109/TNNLS.2020.3044364, after Warden 2018, arXiv 1804.03209.

#include <fmt/format.h>

#include "tasks/events/event_samples.h"
#include "tasks/samples/sample_task.h"
#include "tasks/speech/shd_file.h"
#include "tasks/speech/shd_folder.h"
#include "tasks/speech/spoken_samples.h"

namespace elm {
namespace {

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    return open_shd(path, options,
                    {.prefix = "ssc", .has_validation = true, .n_classes = ssc_classes});
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    return event_form(options, shd_units, ssc_classes);
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return raster_figure("Spoken commands: spikes of 700 channels", samples,
                         [](int label) { return fmt::format("class {}", label); });
}

}  // namespace

TaskEntry ssc_task() {
    SampleKind kind = spoken_words("ssc",
                                   "the folder of the Spiking Speech Commands with ssc_train.h5, "
                                   "ssc_valid.h5 and ssc_test.h5",
                                   open);
    kind.options = [] { return OptionSet(); };
    kind.picture = picture;
    kind.form = form;
    return sample_task({.name = "ssc",
                        .summary = "Spiking Speech Commands: which of 35 words was spoken?",
                        .source = "Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364",
                        .needs_files = true,
                        .samples = std::move(kind)});
}

}  // namespace elm
