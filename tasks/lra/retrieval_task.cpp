// Pairs of scientific papers, byte by byte: is one cited by the other? Both are read by one model,
// and a head compares what it makes of them (baselines/two_towers.h). Source: Radev et al. 2013,
// doi:10.1007/s10579-012-9211-2; as a task: Tay et al. 2021, arXiv 2011.04006.

#include "tasks/lra/paper_preset.h"
#include "tasks/lra/published_models.h"
#include "tasks/lra/text/paper_pairs.h"
#include "tasks/lra/text/text_samples.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    options.declare(most_length_option(4000));
    return options;
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet& options) {
    return open_paper_pairs(path, number(options, "most_length"), most_bytes_of_unit(options));
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return text_statistics(samples, "documents");
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return text_picture("Pairs of papers: is one cited by the other?", samples, "documents");
}

}  // namespace

TaskEntry retrieval_task() {
    return sample_task(
        {.name = "retrieval",
         .summary = "pairs of papers, byte by byte: is one cited by the other?",
         .source = "Radev et al. 2013, doi:10.1007/s10579-012-9211-2; Tay et al. 2021, arXiv "
                   "2011.04006",
         // 150 epochs of 147,086 pairs.
         .presets = joined(paper_presets({.task = R"(
[retrieval]
most_length = 4000
latent = 75
)",
                                          .batch = 384,
                                          .updates = 57455,
                                          .synapse_tau = 5,
                                          .longest_memory_tau = 4000}),
                           published_models(LraTask::retrieval, "retrieval")),
         .needs_files = true,
         .samples = SampleKind{.family = "retrieval",
                               .learnt = {"documents", "label"},
                               .options = options,
                               .statistics = statistics,
                               .picture = picture,
                               .open = open,
                               .published = "a folder with new_aan_pairs.train.tsv, .eval.tsv and "
                                            ".test.tsv, or one such table",
                               .declare_form = declare_pair_form,
                               .form = pair_form}});
}

}  // namespace elm
