// The next token of made-up books (book_samples.h), in each step of a window.

#include "tasks/attention_benchmark/book_samples.h"
#include "tasks/attention_benchmark/book_task.h"

namespace elm {
namespace {

constexpr ByTier tokens_of_tier{256, 2048, 8192}, train_of_tier{0, 0, 0};

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    declare_length(options, "steps", "tokens of a window; 0: as the tier says");
    return options;
}

SetGenerator generator_of(const BookOptions& book, Values facts) {
    SetGenerator set{.task = "lm-syn", .options = std::move(facts)};
    set.fields = BookTask::fields(book.tokens - 1);
    set.draw = [book](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const Book drawn = make_book(book, seed, index, "lm-syn 1");
        const auto count = drawn.tokens.size() - 1;
        std::vector<float> surprise;
        std::vector<std::int32_t> distances;
        for (std::size_t k = 1; k <= count; ++k) {
            surprise.push_back(static_cast<float>(drawn.surprise[k]));
            distances.push_back(static_cast<std::int32_t>(drawn.distances[k]));
        }
        columns[0].add<std::int32_t>(std::span(drawn.tokens).first(count));
        columns[1].add<std::int32_t>(std::span(drawn.tokens).subspan(1));
        columns[2].add<float>(surprise);
        columns[3].add<std::int32_t>(distances);
    };
    return set;
}

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const std::int64_t steps = length_of(options, "steps", tokens_of_tier, 8, 1 << 15);
    const BookOptions book = book_options(tier_of(options), steps + 1);
    BenchmarkData data{
        .generator = generator_of(book, {{"tier", options.get<std::string>("tier")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = one_hot(book.vocabulary),
        .counted = steps};
    return std::make_unique<BookTask>(BookTask::spec_of("lm-syn", steps, book.vocabulary),
                                      std::move(data));
}

}  // namespace

TaskEntry lm_syn_task() {
    return {.name = "lm-syn",
            .summary = "the next token of made-up books with names and citations",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (PG-19)",
            .options = options,
            .make = make};
}

}  // namespace elm
