#include "tasks/classics/parity.h"

#include "kernels/core/support/check.h"
#include "tasks/data/ignored_target.h"
#include "tasks/data/sample_random.h"

namespace elm {

void fill_parity(const ParityOptions& options, std::uint64_t seed, std::uint64_t index,
                 std::span<std::int32_t> tokens, std::span<std::int32_t> targets) {
    ELM_CHECK(options.length >= 2, "parity of {} steps: expected 2 or more.", options.length);
    const auto length = static_cast<std::size_t>(options.length);
    ELM_CHECK(tokens.size() == length && targets.size() == length,
              "parity: room for {} tokens and {} targets, expected {}.", tokens.size(),
              targets.size(), length);
    SampleRandom random(seed, index, "parity");
    constexpr std::size_t bits = 32;
    std::uint32_t word = 0;
    std::int32_t parity = 0;
    const std::size_t bit_count = options.cumulative ? length : length - 1;
    for (std::size_t step = 0; step < bit_count; ++step) {
        if (step % bits == 0) word = random.word();
        tokens[step] = static_cast<std::int32_t>(word >> (step % bits) & 1u);
        parity ^= tokens[step];
        targets[step] = options.cumulative ? parity : ignored_target;
    }
    if (!options.cumulative) {
        tokens.back() = parity_end;
        targets.back() = parity;
    }
}

}  // namespace elm
