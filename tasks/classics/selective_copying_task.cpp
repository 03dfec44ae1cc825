// Copying of tokens at random places (selective_copying.h): tokens in one-hot, asked for at the
// end.

#include "tasks/classics/selective_copying.h"

#include "tasks/classics/copying_samples.h"

namespace elm {
namespace {

SelectiveCopyingOptions read(const OptionSet& options) {
    return {.memorised = number(options, "memorised"),
            .delay = number(options, "delay"),
            .symbols = number(options, "symbols")};
}

SetGenerator generator(const OptionSet& options) {
    const SelectiveCopyingOptions own = read(options);
    const int length = selective_copying_length(own);
    return token_generator(length, [own, length](auto... sample) {
        fill_selective_copying(own, sample...);
        return length;
    });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const SelectiveCopyingOptions own = read(options);
    return token_form(own.symbols, own.symbols - 2, selective_copying_length(own), Pooling::all);
}

}  // namespace

TaskEntry selective_copying_task() {
    return sample_task(
        {.name = "selective-copying",
         .summary = "tokens at random places, and all of them again at the end",
         .source = "Jing et al. 2019, arXiv 1706.02761; Gu & Dao 2023, arXiv 2312.00752",
         .aliases = {"selective-copy"},
         .samples = SampleKind{.family = "selective-copying",
                               .learnt = {"tokens", "targets"},
                               .options = copying_options,
                               .generator = generator,
                               .statistics = copying_statistics,
                               .picture = copying_picture,
                               .shown = 10'000,
                               .form = form}});
}

}  // namespace elm
