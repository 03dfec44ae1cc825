#include "tasks/classics/adding.h"

#include "kernels/core/support/check.h"
#include "tasks/classics/marked_steps.h"

namespace elm {

float fill_adding(const AddingOptions& options, std::uint64_t seed, std::uint64_t index,
                  std::span<float> input) {
    ELM_CHECK(options.length >= 2, "adding problem of {} steps: expected 2 or more.",
              options.length);
    const auto length = static_cast<std::size_t>(options.length);
    ELM_CHECK(input.size() == length * adding_channels,
              "adding problem: room for {} numbers, expected {} steps of {}.", input.size(), length,
              adding_channels);
    SampleRandom random(seed, index, "adding");
    const auto [first, second] = draw_marked_steps(random, options.length);
    for (std::size_t step = 0; step < length; ++step) {
        input[step * adding_channels] = unit_uniform<float>(random.word());
        input[step * adding_channels + 1] = 0;
    }
    float sum = 0;
    for (const int step : {first, second}) {
        const std::size_t at = static_cast<std::size_t>(step) * adding_channels;
        input[at + 1] = 1;
        sum += input[at];
    }
    return sum;
}

}  // namespace elm
