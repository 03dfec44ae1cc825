// Exclusive or of two marked bits (delayed_xor.h): a spike of unit 0 where the bit is 1, a spike of
// unit 1 where it is marked; one answer at the last step.

#include "tasks/classics/delayed_xor.h"

#include "tasks/classics/marked_samples.h"
#include "tasks/samples/sample_options.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(steps_option(DelayedXorOptions{}.length, 2));
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const DelayedXorOptions own{.length = number(options, "steps")};
    return marked_generator(own.length, [own](auto... sample) {
        return static_cast<float>(fill_delayed_xor(own, sample...));
    });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    return {.input = {.name = "spike for each 1", .width = delayed_xor_channels},
            .n_steps = number(options, "steps"),
            .n_classes = 2};
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return marked_statistics(samples, 0.5, 0.25);
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return marked_picture("Exclusive or: do the two marked bits differ?", samples);
}

}  // namespace

TaskEntry delayed_xor_task() {
    return sample_task(
        {.name = "delayed-xor",
         .summary = "whether two marked bits among many differ, asked for at the end",
         .source = "Martens & Sutskever 2011, \"Learning recurrent neural networks with "
                   "Hessian-free optimization\", ICML",
         .samples = SampleKind{.family = "delayed-xor",
                               .learnt = {"input", "target"},
                               .options = options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .shown = 10'000,
                               .older_names = {{"length", "steps"}},
                               .form = form}});
}

}  // namespace elm
