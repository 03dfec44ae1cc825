// Made-up reviews (made_up_text.h) of the form of the task text.

#include "tasks/lra/text/made_up_text.h"
#include "tasks/lra/text/text_samples.h"

namespace elm {
namespace {

OptionSet options() { return made_up_options(200, 4096); }

SetGenerator generator(const OptionSet& options) {
    return made_up_generator(options, "text", draw_review);
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return text_statistics(samples, "text");
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return text_picture("Made-up reviews, byte by byte: does the writer like it?", samples, "text");
}

}  // namespace

TaskEntry text_syn_task() {
    return sample_task({.name = "text-syn",
                        .summary = "made-up reviews, byte by byte, of the form of the task text",
                        .source = "our own; form of Tay et al. 2021, arXiv 2011.04006",
                        .samples = SampleKind{.family = "text-syn",
                                              .learnt = {"text", "label"},
                                              .options = options,
                                              .generator = generator,
                                              .statistics = statistics,
                                              .picture = picture,
                                              .declare_form = declare_text_form,
                                              .form = text_form}});
}

}  // namespace elm
