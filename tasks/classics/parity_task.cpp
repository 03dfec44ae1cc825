// Parity of random bits (parity.h): tokens in one-hot, asked for at the end, or in each step.

#include "tasks/classics/parity.h"

#include "tasks/classics/token_samples.h"
#include "tasks/sets/set_pictures.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(steps_option(ParityOptions{}.length, 2));
    options.declare({.name = "cumulative",
                     .value = false,
                     .help = "in each step that of the bits so far, not of all at the end"});
    return options;
}

SetGenerator generator(const OptionSet& options) {
    const ParityOptions own{.length = number(options, "steps"),
                            .cumulative = options.get<bool>("cumulative")};
    return token_generator(own.length, [own](auto... sample) {
        fill_parity(own, sample...);
        return own.length;
    });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    SampleForm form = token_form(parity_vocabulary, 2, number(options, "steps"),
                                 options.get<bool>("cumulative") ? Pooling::all : Pooling::last);
    form.n_classes = 2;  // the end is no answer
    return form;
}

SetStatistics statistics(const Values& options, const SetColumns& samples) {
    const auto cumulative = options.find("cumulative");
    const bool in_each_step = cumulative != options.end() && cumulative->second == Value(true);
    return target_statistics(samples, in_each_step ? number(options, "steps") : 1, 0.5);
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return token_figure("Parity: bits above, parity below", samples, [](std::int32_t token) {
        return std::string(token == 0 ? colour::no_value : colour::plain);
    });
}

}  // namespace

TaskEntry parity_task() {
    return sample_task({.name = "parity",
                        .summary = "whether the number of ones among random bits is odd",
                        .source = "Arora et al. 2024, arXiv 2312.04927",
                        .samples = SampleKind{.family = "parity",
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
