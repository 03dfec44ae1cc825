#include "tasks/classics/copying.h"

#include <algorithm>

#include "kernels/core/support/check.h"
#include "tasks/data/ignored_target.h"
#include "tasks/data/sample_random.h"

namespace elm {
namespace {

std::int32_t draw_token(SampleRandom& random, int symbols) {
    return static_cast<std::int32_t>(1 + random.below(symbols - 2));
}

}  // namespace

int copying_length(const CopyingOptions& options) {
    ELM_CHECK(
        options.memorised >= 1 && options.delay >= 0,
        "copying of {} tokens over {} steps: expected 1 or more tokens, and no delay below 0.",
        options.memorised, options.delay);
    ELM_CHECK(options.symbols >= 3, "copying with {} symbols: expected 3 or more.",
              options.symbols);
    if (options.kind != CopyingKind::lag) return options.delay + 2 * options.memorised;
    ELM_CHECK(!options.variable_length, "copying with a lag has one length only.");
    ELM_CHECK(options.delay >= 1, "copying with a lag needs 1 or more steps.");
    return options.delay;
}

int fill_copying(const CopyingOptions& options, std::uint64_t seed, std::uint64_t index,
                 std::span<std::int32_t> tokens, std::span<std::int32_t> targets) {
    const auto longest = static_cast<std::size_t>(copying_length(options));
    ELM_CHECK(tokens.size() == longest && targets.size() == longest,
              "copying: room for {} tokens and {} targets, expected {}.", tokens.size(),
              targets.size(), longest);
    SampleRandom random(seed, index, "copying");
    const auto most = static_cast<std::size_t>(options.memorised);
    if (options.kind == CopyingKind::lag) {
        for (std::size_t step = 0; step < longest; ++step) {
            tokens[step] = draw_token(random, options.symbols);
            targets[step] = step < most ? 0 : tokens[step - most];
        }
        return copying_length(options);
    }
    const std::size_t memorised =
        options.variable_length ? 1 + static_cast<std::size_t>(random.below(options.memorised))
                                : most;
    std::fill(tokens.begin(), tokens.end(), 0);
    std::fill(targets.begin(), targets.end(), ignored_target);
    const std::size_t asked = memorised + static_cast<std::size_t>(options.delay);
    for (std::size_t at = 0; at < memorised; ++at) {
        tokens[at] = draw_token(random, options.symbols);
        tokens[asked + at] = options.symbols - 1;
        const std::size_t place = options.kind == CopyingKind::reverse ? memorised - 1 - at : at;
        targets[asked + place] = tokens[at];
    }
    return static_cast<int>(asked + memorised);
}

}  // namespace elm
