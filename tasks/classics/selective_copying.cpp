#include "tasks/classics/selective_copying.h"

#include <algorithm>

#include "kernels/core/support/check.h"
#include "tasks/data/ignored_target.h"
#include "tasks/data/sample_random.h"

namespace elm {

int selective_copying_length(const SelectiveCopyingOptions& options) {
    ELM_CHECK(options.memorised >= 1 && options.delay >= 0,
              "selective copying of {} tokens among {} more steps: expected 1 or more, and 0 or "
              "more.",
              options.memorised, options.delay);
    ELM_CHECK(options.symbols >= 3, "selective copying with {} symbols: expected 3 or more.",
              options.symbols);
    return options.delay + 2 * options.memorised;
}

void fill_selective_copying(const SelectiveCopyingOptions& options, std::uint64_t seed,
                            std::uint64_t index, std::span<std::int32_t> tokens,
                            std::span<std::int32_t> targets) {
    const auto length = static_cast<std::size_t>(selective_copying_length(options));
    ELM_CHECK(tokens.size() == length && targets.size() == length,
              "selective copying: room for {} tokens and {} targets, expected {}.", tokens.size(),
              targets.size(), length);
    SampleRandom random(seed, index, "selective copying");
    std::fill(tokens.begin(), tokens.end(), 0);
    std::fill(targets.begin(), targets.end(), ignored_target);
    const int places = options.memorised + options.delay;
    constexpr std::int32_t taken = -1;
    // A uniform set of places (Floyd's way, see Bentley & Floyd 1987, doi:10.1145/30401.315746).
    for (int last = places - options.memorised; last < places; ++last) {
        const auto place = static_cast<std::size_t>(random.below(last + 1));
        tokens[tokens[place] == taken ? static_cast<std::size_t>(last) : place] = taken;
    }
    auto asked = static_cast<std::size_t>(places);
    for (std::size_t step = 0; step < static_cast<std::size_t>(places); ++step) {
        if (tokens[step] != taken) continue;
        tokens[step] = 1 + random.below(options.symbols - 2);
        targets[asked] = tokens[step];
        tokens[asked++] = options.symbols - 1;
    }
}

}  // namespace elm
