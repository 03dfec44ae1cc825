// Associative recall (associative_recall.h): tokens in one-hot, one answer at the last step.

#include "tasks/classics/associative_recall.h"
#include "tasks/classics/token_samples.h"

namespace elm {
namespace {

OptionSet options() {
    const AssociativeRecallOptions defaults;
    OptionSet options;
    options.declare(whole_option("pairs", defaults.pairs, "pairs of a key and a value", 1));
    options.declare(whole_option("vocabulary", defaults.vocabulary,
                                 "keys and values, an even number", 4, most_tokens));
    return options;
}

AssociativeRecallOptions read(const OptionSet& options) {
    return {.pairs = number(options, "pairs"), .vocabulary = number(options, "vocabulary")};
}

SetGenerator generator(const OptionSet& options) {
    const AssociativeRecallOptions own = read(options);
    const int length = associative_recall_length(own);
    return token_generator(length, [own, length](auto... sample) {
        fill_associative_recall(own, sample...);
        return length;
    });
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    const AssociativeRecallOptions own = read(options);
    return token_form(own.vocabulary, own.vocabulary / 2, associative_recall_length(own),
                      Pooling::last);
}

/// Values are the upper half of the ids.
SetStatistics statistics(const Values& options, const SetColumns& samples) {
    const SetColumn& tokens = column_of(samples, "tokens");
    std::vector<double> place;  // of the pair that is asked for
    for (std::int64_t k = 0; k < tokens.samples(); ++k) {
        const auto row = tokens.at<std::int32_t>(k);
        std::size_t at = 0;
        while (row[at] != row.back()) at += 2;
        place.push_back(static_cast<double>(at / 2));
    }
    SetStatistics table =
        target_statistics(samples, 1, (1.5 * number(options, "vocabulary") - 1) / 2);
    table.add("pair that is asked for", place, {.mean = (number(options, "pairs") - 1) / 2});
    return table;
}

TileFigure picture(const Values& options, const SetColumns& samples) {
    return recall_picture("Recall: keys blue, values green, the answer below", options, samples);
}

}  // namespace

TaskEntry recall_task() {
    return sample_task(
        {.name = "recall",
         .summary = "pairs of a key and a value, then one key: its value",
         .source = "Ba et al. 2016, arXiv 1610.06258; Fu et al. 2023, arXiv 2212.14052",
         // All runs stay long at the loss of who knows the values and not their keys. With 2 pairs
         // of 8 ids, 100 memory units and batches of 64, three seeds of three had left it after
         // 80,000 updates of this; none with the defaults.
         .presets = {{.name = "elm",
                      .summary = "an ELM neuron of version 1 that keeps tokens apart",
                      .toml = R"(
[training]
batch = 32
learning_rate = 0.005
weight_decay = 0.0
[elm]
elm_version = 1
tau_s_value = 1.0
learn_memory_tau = true
)"}},
         .samples = SampleKind{.family = "recall",
                               .learnt = {"tokens", "targets"},
                               .options = options,
                               .generator = generator,
                               .statistics = statistics,
                               .picture = picture,
                               .shown = 10'000,
                               .form = form}});
}

}  // namespace elm
