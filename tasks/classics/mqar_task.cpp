// Multi-query associative recall (mqar.h): tokens in one-hot, an answer at each query. The default
// has fewer ids than the published 8192, which the preset `paper` takes.

#include "tasks/classics/mqar.h"

#include <memory>

#include "tasks/classics/token_samples.h"

namespace elm {
namespace {

OptionSet options() {
    const MqarOptions defaults;
    OptionSet options;
    options.declare(whole_option("pairs", defaults.pairs, "pairs of a key and a value", 1));
    options.declare(
        whole_option("vocabulary", 128, "keys and values, more than steps", 4, most_tokens));
    options.declare(steps_option(defaults.length, 4));
    options.declare({.name = "power",
                     .value = defaults.power,
                     .help = "slot i is asked with weight i^(power - 1)",
                     .lowest = 1e-6,
                     .highest = 1e3});
    options.declare({.name = "random_filler",
                     .value = defaults.random_filler,
                     .help = "any id, not 0, where nothing is asked"});
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const auto mqar = std::make_shared<const MqarGenerator>(
        MqarOptions{.vocabulary = number(options, "vocabulary"),
                    .length = number(options, "steps"),
                    .pairs = number(options, "pairs"),
                    .power = options.get<double>("power"),
                    .random_filler = options.get<bool>("random_filler")});
    return token_generator(mqar->options().length, [mqar](auto... sample) {
        mqar->fill(sample...);
        return mqar->options().length;
    });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const int vocabulary = number(options, "vocabulary");
    return token_form(vocabulary, (vocabulary + 1) / 2, number(options, "steps"), Pooling::all);
}

/// Values are the upper half of the ids.
SetStatistics statistics(const Values& options, const SetColumns& samples) {
    return target_statistics(samples, number(options, "pairs"),
                             (1.5 * number(options, "vocabulary") - 1) / 2);
}

TileFigure picture(const Values& options, const SetColumns& samples) {
    return recall_picture("Many queries: keys blue, values green, answers below", options, samples);
}

}  // namespace

TaskEntry mqar_task() {
    return sample_task(
        {.name = "mqar",
         .summary = "pairs of a key and a value, then every key once: its value",
         .source = "Arora et al. 2024, arXiv 2312.04927",
         .presets = {{.name = "paper",
                      .summary = "the published ids and samples, at 64 steps (Arora et al. 2024)",
                      .toml = R"(
[mqar]
vocabulary = 8192
steps = 64
pairs = 4
train_samples = 100000
held_out = 3000
[training]
batch = 512
)"}},
         .samples = SampleKind{.family = "mqar",
                               .learnt = {"tokens", "targets"},
                               .options = options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .shown = 10'000,
                               .older_names = {{"length", "steps"}},
                               .form = form}});
}

}  // namespace elm
