#include "tasks/classics/mqar.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tasks/classics/distinct_ids.h"
#include "tasks/data/ignored_target.h"

namespace elm {

MqarGenerator::MqarGenerator(const MqarOptions& options) : options_(options) {
    ELM_CHECK(options.pairs >= 1 && options.length % 2 == 0 && 4 * options.pairs <= options.length,
              "recall of {} pairs in {} steps: expected an even length of 4 steps a pair or more.",
              options.pairs, options.length);
    ELM_CHECK(options.vocabulary > options.length && options.pairs < options.vocabulary / 2,
              "recall with {} ids in {} steps: expected more ids than steps, and {} keys.",
              options.vocabulary, options.length, options.pairs);
    ELM_CHECK(options.power > 0 && std::isfinite(options.power),
              "recall with power {}: expected a number above 0.", options.power);
    const int slots = (options.length - 2 * options.pairs) / 2;
    double total = 0;
    for (int slot = 1; slot <= slots; ++slot) {
        total += std::pow(slot, options.power - 1);
        running_.push_back(total);
    }
    for (double& sum : running_) sum /= total;
    running_.back() = 1;
}

void MqarGenerator::fill(std::uint64_t seed, std::uint64_t index, std::span<std::int32_t> tokens,
                         std::span<std::int32_t> targets) const {
    const auto length = static_cast<std::size_t>(options_.length);
    ELM_CHECK(tokens.size() == length && targets.size() == length,
              "recall: room for {} tokens and {} targets, expected {}.", tokens.size(),
              targets.size(), length);
    SampleRandom random(seed, index, "mqar");
    const int half = options_.vocabulary / 2;
    const auto pairs = static_cast<std::size_t>(options_.pairs), context = 2 * pairs;
    // Keys and values are drawn beside each other where the queries will be, then interleaved.
    const std::span<std::int32_t> keys = tokens.subspan(context, pairs);
    const std::span<std::int32_t> values = targets.subspan(context, pairs);
    draw_distinct_ids(random, 1, half - 1, keys);
    draw_distinct_ids(random, half, options_.vocabulary - half, values);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        tokens[2 * pair] = keys[pair];
        tokens[2 * pair + 1] = values[pair];
    }
    std::fill(tokens.begin() + static_cast<std::ptrdiff_t>(context), tokens.end(), 0);
    std::fill(targets.begin(), targets.end(), ignored_target);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        std::size_t step = 0;
        do {  // a slot among those that are left: anew as long as it is taken
            const auto slot = std::upper_bound(running_.begin(), running_.end(), random.uniform());
            step = context + 2 * static_cast<std::size_t>(slot - running_.begin());
        } while (targets[step] != ignored_target);
        tokens[step] = tokens[2 * pair];
        targets[step] = tokens[2 * pair + 1];
    }
    if (!options_.random_filler) return;
    for (std::size_t step = context; step < length; ++step) {
        if (targets[step] == ignored_target) tokens[step] = random.below(options_.vocabulary);
    }
}

}  // namespace elm
