#include "tasks/program/training/open_task.h"

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/data_files.h"
#include "tasks/program/interrupt.h"
#include "tasks/samples/open_samples.h"

namespace elm {

std::unique_ptr<Task> open_task(const TaskEntry& entry, OptionSet& options,
                                const Arguments& arguments, const Config& preset) {
    TaskInput input{.poll = throw_if_interrupted};
    if (arguments.has("train")) input.train = arguments.text("train");
    if (arguments.has("validate")) input.validation = arguments.text("validate");
    const bool selects = !input.train.empty() || !input.validation.empty();
    const auto make = [&] {
        if (!entry.samples) {
            input.files = expand_folders(arguments, "data");
        } else if (arguments.has("data") || entry.needs_files) {
            input.files = arguments.list("data");
            Values given = arguments.component(entry.name);
            if (const auto found = preset.sections.find(entry.name);
                found != preset.sections.end()) {
                given.insert(found->second.begin(), found->second.end());
            }
            input.samples =
                with_flag("--data", [&] { return open_samples(entry, options, given, input); });
        } else {
            ELM_CHECK(!selects, "samples that are drawn are not selected: give --data.");
        }
        return entry.make(options, input);
    };
    return selects && !entry.samples ? with_flag("--train and --validate", make) : make();
}

}  // namespace elm
