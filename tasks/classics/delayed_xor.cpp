#include "tasks/classics/delayed_xor.h"

#include "kernels/core/support/check.h"
#include "tasks/classics/marked_steps.h"

namespace elm {

int fill_delayed_xor(const DelayedXorOptions& options, std::uint64_t seed, std::uint64_t index,
                     std::span<float> input) {
    ELM_CHECK(options.length >= 2, "delayed exclusive or of {} steps: expected 2 or more.",
              options.length);
    const auto length = static_cast<std::size_t>(options.length);
    ELM_CHECK(input.size() == length * delayed_xor_channels,
              "delayed exclusive or: room for {} numbers, expected {} steps of {}.", input.size(),
              length, delayed_xor_channels);
    SampleRandom random(seed, index, "delayed xor");
    const auto [first, second] = draw_marked_steps(random, options.length);
    constexpr std::size_t bits = 32;
    std::uint32_t word = 0;
    for (std::size_t step = 0; step < length; ++step) {
        if (step % bits == 0) word = random.word();
        input[step * delayed_xor_channels] = static_cast<float>(word >> (step % bits) & 1u);
        input[step * delayed_xor_channels + 1] = 0;
    }
    int ones = 0;
    for (const int step : {first, second}) {
        const std::size_t at = static_cast<std::size_t>(step) * delayed_xor_channels;
        input[at + 1] = 1;
        ones += input[at] > 0;
    }
    return ones % 2;
}

}  // namespace elm
