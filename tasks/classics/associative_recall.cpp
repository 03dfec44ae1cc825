#include "tasks/classics/associative_recall.h"

#include <algorithm>

#include "kernels/core/support/check.h"
#include "tasks/classics/distinct_ids.h"
#include "tasks/data/ignored_target.h"

namespace elm {

int associative_recall_length(const AssociativeRecallOptions& options) {
    ELM_CHECK(options.vocabulary >= 4 && options.vocabulary % 2 == 0,
              "associative recall with {} ids: expected an even number of 4 or more.",
              options.vocabulary);
    ELM_CHECK(options.pairs >= 1 && options.pairs < options.vocabulary / 2,
              "associative recall of {} pairs: expected 1 to {}, as many as there are keys.",
              options.pairs, options.vocabulary / 2 - 1);
    return 2 * options.pairs + 1;
}

void fill_associative_recall(const AssociativeRecallOptions& options, std::uint64_t seed,
                             std::uint64_t index, std::span<std::int32_t> tokens,
                             std::span<std::int32_t> targets) {
    const auto length = static_cast<std::size_t>(associative_recall_length(options));
    ELM_CHECK(tokens.size() == length && targets.size() == length,
              "associative recall: room for {} tokens and {} targets, expected {}.", tokens.size(),
              targets.size(), length);
    SampleRandom random(seed, index, "associative recall");
    const int half = options.vocabulary / 2;
    const auto pairs = static_cast<std::size_t>(options.pairs);
    // Keys are drawn at the beginning and then moved to their places, the last one first.
    draw_distinct_ids(random, 1, half - 1, tokens.first(pairs));
    for (std::size_t pair = pairs; pair-- > 0;) {
        tokens[2 * pair] = tokens[pair];
        tokens[2 * pair + 1] = half + random.below(half);
    }
    const auto asked = static_cast<std::size_t>(random.below(options.pairs));
    tokens.back() = tokens[2 * asked];
    std::fill(targets.begin(), targets.end(), ignored_target);
    targets.back() = tokens[2 * asked + 1];
}

}  // namespace elm
