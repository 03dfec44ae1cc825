// The copying task (copying.h): tokens in one-hot, each asked for after the delay.

#include "tasks/classics/copying.h"

#include "tasks/classics/copying_samples.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options = copying_options();
    options.declare({.name = "kind",
                     .value = std::string("plain"),
                     .help = "the order that is asked for; lag: each step that of some before",
                     .choices = {"plain", "reverse", "lag"}});
    options.declare({.name = "variable_length",
                     .value = false,
                     .help = "1 to so many tokens in a sample; not with lag"});
    return options;
}

CopyingOptions read(const OptionSet& options) {
    const auto& kind = options.get<std::string>("kind");
    return {.memorised = number(options, "memorised"),
            .delay = number(options, "delay"),
            .symbols = number(options, "symbols"),
            .kind = kind == "lag"       ? CopyingKind::lag
                    : kind == "reverse" ? CopyingKind::reverse
                                        : CopyingKind::plain,
            .variable_length = options.get<bool>("variable_length")};
}

SetGenerator generator(const OptionSet& options) {
    const CopyingOptions own = read(options);
    return token_generator(
        copying_length(own), [own](auto... sample) { return fill_copying(own, sample...); },
        own.variable_length);
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const CopyingOptions own = read(options);
    return token_form(own.symbols, own.symbols - 2, copying_length(own), Pooling::all);
}

}  // namespace

TaskEntry copying_task() {
    return sample_task(
        {.name = "copying",
         .summary = "some tokens, a delay, and the tokens again",
         .source = "Hochreiter & Schmidhuber 1997; Arjovsky et al. 2016, arXiv 1511.06464; Gu et "
                   "al. 2022, arXiv 2111.00396",
         .aliases = {"copy"},
         .samples = SampleKind{.family = "copying",
                               .learnt = {"tokens", "targets"},
                               .options = options,
                               .generator = generator,
                               .statistics = copying_statistics,
                               .picture = copying_picture,
                               .shown = 10'000,
                               .form = form}});
}

}  // namespace elm
