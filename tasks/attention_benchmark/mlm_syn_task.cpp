// Hidden tokens of made-up books (book_samples.h): 15 % are asked for, of which 80 % are masked,
// 10 % are another token and 10 % stay. Where a name is asked for, the same name within 3 tokens is
// masked, too, so that the answer stands elsewhere. Source of the shares: Devlin et al. 2019, arXiv
// 1810.04805.

#include <algorithm>

#include "tasks/attention_benchmark/book_samples.h"
#include "tasks/attention_benchmark/book_task.h"
#include "tasks/attention_benchmark/sample_draws.h"
#include "tasks/data/ignored_target.h"

namespace elm {
namespace {

constexpr ByTier tokens_of_tier{128, 512, 2048}, train_of_tier{0, 0, 0};
constexpr double asked_share = 0.15, masked_share = 0.8, replaced_share = 0.1;
constexpr std::int32_t mask = 0;
constexpr std::size_t slot_reach = 3;

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    declare_length(options, "steps", "tokens of a window; 0: as the tier says");
    return options;
}

struct Asked {
    std::vector<std::int32_t> input, targets;
};

Asked hide(const BookOptions& options, const Book& book, SampleDraws& draws) {
    Asked asked{book.tokens, std::vector<std::int32_t>(book.tokens.size(), ignored_target)};
    const auto hide_slot = [&](std::size_t at) {
        const std::size_t begin = at - std::min(at, slot_reach),
                          end = std::min(at + slot_reach + 1, book.tokens.size());
        for (std::size_t k = begin; k < end; ++k) {
            if (book.tokens[k] == book.tokens[at]) asked.input[k] = mask;
        }
    };
    for (std::size_t at = 0; at < book.tokens.size(); ++at) {
        if (!draws.with_probability(asked_share)) continue;
        const std::int32_t token = book.tokens[at];
        asked.targets[at] = token;
        const double how = draws.uniform();
        if (token <= options.names) {
            hide_slot(at);
        } else if (how < masked_share) {
            asked.input[at] = mask;
        } else if (how < masked_share + replaced_share) {
            asked.input[at] = 1 + draws.below(static_cast<int>(options.vocabulary) - 1);
        }
    }
    // One at least is asked for.
    if (std::all_of(asked.targets.begin(), asked.targets.end(),
                    [](std::int32_t target) { return target < 0; })) {
        asked.targets.back() = book.tokens.back();
        asked.input.back() = mask;
    }
    return asked;
}

SetGenerator generator_of(const BookOptions& book, Values facts) {
    SetGenerator set{.task = "mlm-syn", .options = std::move(facts)};
    set.fields = BookTask::fields(book.tokens);
    set.draw = [book](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const Book drawn = make_book(book, seed, index, "mlm-syn 1");
        SampleDraws draws(seed, index, "mlm-syn masks 1");
        const Asked asked = hide(book, drawn, draws);
        columns[0].add<std::int32_t>(asked.input);
        columns[1].add<std::int32_t>(asked.targets);
        columns[2].add<float>(std::vector<float>(drawn.surprise.begin(), drawn.surprise.end()));
        columns[3].add<std::int32_t>(
            std::vector<std::int32_t>(drawn.distances.begin(), drawn.distances.end()));
    };
    return set;
}

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const std::int64_t steps = length_of(options, "steps", tokens_of_tier, 8, 1 << 15);
    const BookOptions book = book_options(tier_of(options), steps);
    BenchmarkData data{
        .generator = generator_of(book, {{"tier", options.get<std::string>("tier")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = one_hot(book.vocabulary)};
    return std::make_unique<BookTask>(BookTask::spec_of("mlm-syn", steps, book.vocabulary),
                                      std::move(data));
}

}  // namespace

TaskEntry mlm_syn_task() {
    return {.name = "mlm-syn",
            .summary = "hidden tokens of made-up books, from both sides",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (PG-19)",
            .options = options,
            .make = make};
}

}  // namespace elm
