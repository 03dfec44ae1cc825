// Made-up pairs of documents (made_up_text.h) of the form of the task retrieval.

#include <string>

#include "tasks/lra/text/made_up_text.h"
#include "tasks/lra/text/text_samples.h"

namespace elm {
namespace {

OptionSet options() { return made_up_options(1000, 4000); }

/// Two documents with a byte of 0 between them.
int draw_pair(std::uint64_t seed, std::uint64_t index, std::int64_t least, std::int64_t most,
              std::string& text) {
    thread_local std::string second;
    const int label = draw_documents(seed, index, least, most, text, second);
    text += '\0';
    text += second;
    return label;
}

SetGenerator generator(const OptionSet& options) {
    return made_up_generator(options, "documents", draw_pair);
}

SetStatistics statistics(const Values&, const SetColumns& samples) {
    return text_statistics(samples, "documents");
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return text_picture("Made-up pairs of documents: are they of one topic?", samples, "documents");
}

}  // namespace

TaskEntry retrieval_syn_task() {
    return sample_task(
        {.name = "retrieval-syn",
         .summary = "made-up pairs of documents, byte by byte, of the form of the task retrieval",
         .source = "our own; form of Tay et al. 2021, arXiv 2011.04006",
         .samples = SampleKind{.family = "retrieval-syn",
                               .learnt = {"documents", "label"},
                               .options = options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .declare_form = declare_pair_form,
                               .form = pair_form}});
}

}  // namespace elm
