// Reviews of films, byte by byte: does the writer like it? Source: Maas et al. 2011, Proc. ACL-HLT,
// 142-150; as a sequence of bytes: Tay et al. 2021, arXiv 2011.04006. Tay et al. validate on the
// test set; here the last fifth of each class of the training set is held out for that.

#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/lra/text/review_folder.h"
#include "tasks/lra/text/text_samples.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(most_length_option(4096));
    return options;
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    return open_review_folder(path, number(options, "most_length"), most_bytes_of_unit(options));
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return text_statistics(samples, "text");
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return text_picture("Reviews, byte by byte: does the writer like it?", samples, "text");
}

}  // namespace

TaskEntry text_task() {
    return sample_task(
        {.name = "text",
         .summary = "reviews of films, byte by byte: does the writer like it?",
         .source = "Maas et al. 2011, Proc. ACL-HLT; Tay et al. 2021, arXiv 2011.04006",
         // 150 epochs of 20,000 reviews.
         .presets = joined(paper_presets({.task = R"(
[text]
most_length = 4096
)",
                                          .batch = 384,
                                          .updates = 7813,
                                          .synapse_tau = 5,
                                          .longest_memory_tau = 4000}),
                           published_models(LraTask::text, "text")),
         .needs_files = true,
         .samples = SampleKind{.family = "text",
                               .learnt = {"text", "label"},
                               .options = options,
                               .statistics = statistics,
                               .picture = picture,
                               .open = open,
                               .published = "the folder aclImdb with train/neg, train/pos, "
                                            "test/neg and test/pos",
                               .declare_form = declare_text_form,
                               .form = text_form}});
}

}  // namespace elm
