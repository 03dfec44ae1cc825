// The adding problem (adding.h) as a task: squared error of the last output. Source: Hochreiter &
// Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.

#include "tasks/classics/adding.h"

#include "tasks/classics/marked_samples.h"
#include "tasks/samples/sample_options.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(steps_option(200, 2));
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const AddingOptions own{.length = number(options, "steps")};
    return marked_generator(own.length,
                            [own](auto... sample) { return fill_adding(own, sample...); });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    return {.input = {.name = "value", .kind = InputKind::dense, .width = adding_channels},
            .n_steps = number(options, "steps"),
            .readout_bias = {1.0},  // the mean of the targets
            .chance = 1.0 / 6};     // their variance
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return marked_statistics(samples, 1, 1.0 / 6);
}

// At 1,000 steps two of a thousand increments count, and a model that begins there stays at the
// mean. One that can tell marked numbers from others has to learn no more than to remember longer.
constexpr const char* curriculum = R"([adding]
steps = 1000
[training]
batch = 32
budget = "40000u"
schedule = "cosine"
clip_norm = 1.0
[elm]
num_memory = 20
memory_tau_min = 1.0
memory_tau_max = 5000.0
[curriculum]
"adding.steps" = ["50", "100", "200", "400", "700", "1000"]
"training.learning_rate" = ["5e-3", "5e-3", "3e-3", "2e-3", "1e-3", "1e-3"]
budget_share = ["4", "10", "6", "6", "6", "8"]
)";

TileFigure picture(const Values&, const SetColumns& samples) {
    return marked_picture("Adding: the sum of the two marked numbers", samples);
}

}  // namespace

TaskEntry adding_task() {
    return sample_task(
        {.name = "adding",
         .summary = "the sum of two marked numbers among many, asked for at the end",
         .source = "Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
         .presets = {{.name = "curriculum",
                      .summary = "50 to 1,000 steps, each from the model of the last",
                      .toml = curriculum}},
         .samples = SampleKind{.family = "adding",
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
