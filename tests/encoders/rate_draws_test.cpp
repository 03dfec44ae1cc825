#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "encoders/rate/rate_draws.h"
#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/support/parallel.h"
#include "kernels/core/tensor.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr RandomKey key{.seed = 0x123456789ABCDEF0, .step = 0x1111122222, .purpose = 77};

struct DrawsCase {
    std::int64_t values, channels, steps_each;
    bool is_signed;
};

std::vector<std::uint8_t> draw(Device device, const DrawsCase& c) {
    Stream stream{device};
    const auto numbers = random_values(c.values * c.channels, c.is_signed ? -1.2 : -0.2, 1.2, key);
    const Tensor values = tensor_of(stream, {c.values, c.channels}, DType::f32, numbers);
    const Tensor spikes = Tensor::zeros(stream, {c.values * c.steps_each, c.channels}, DType::u8);
    rate_draws_kernel(stream, {.values = view<const float, 2>(values),
                               .spikes = view<std::uint8_t, 2>(spikes),
                               .key = key,
                               .steps_each = c.steps_each,
                               .gain = 0.9F,
                               .offset = 0.05F,
                               .is_signed = c.is_signed});
    const std::vector<double> drawn = values_of(spikes);
    return {drawn.begin(), drawn.end()};
}

/// From the definition, one number after the other.
std::vector<std::uint8_t> expected_draws(const DrawsCase& c) {
    const auto values = random_values(c.values * c.channels, c.is_signed ? -1.2 : -0.2, 1.2, key);
    std::vector<std::uint8_t> spikes;
    for (std::int64_t at = 0; at < c.values * c.steps_each * c.channels; ++at) {
        const std::int64_t step = at / c.channels, channel = at % c.channels;
        const auto x = static_cast<float>(
            values[static_cast<std::size_t>(step / c.steps_each * c.channels + channel)]);
        float p = std::fma(0.9F, x, 0.05F);
        if (c.is_signed) p = std::abs(p);
        const std::uint32_t word = random_word(key, at);
        spikes.push_back(static_cast<double>(word >> 8) / 16777216.0 < double{p} ? 1 : 0);
    }
    return spikes;
}

const DrawsCase cases[] = {{1, 1, 1, false},     {7, 3, 1, false},  {33, 257, 1, true},
                           {1, 5, 100, false},   {40, 64, 7, true}, {3, 1000, 3, false},
                           {1, 70000, 2, false}, {0, 4, 1, false}};

TEST(RateDraws, follow_their_definition_on_any_number_of_threads) {
    for (const DrawsCase& c : cases) {
        const auto expected = expected_draws(c);
        for (const int threads : {1, 2, 4}) {
            set_thread_count(threads);
            EXPECT_EQ(draw(Device{}, c), expected) << c.values << " x " << c.channels;
        }
    }
    set_thread_count(0);
}

TEST(RateDraws, cuda_draws_the_bits_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const DrawsCase& c : cases) EXPECT_EQ(draw(device, c), expected_draws(c));
    }
}

TEST(PhiloxLanes, have_the_words_of_single_blocks) {
    for (const std::int64_t first :
         {std::int64_t{0}, std::int64_t{12345}, (std::int64_t{1} << 32) - 5}) {
        lanes::Words words[2][4];
        lanes::random_blocks<2>(key, first, words);
        for (int k = 0; k < 2 * lanes::native_words; ++k) {
            const PhiloxCounter block = random_block(key, first + k);
            for (int w = 0; w < 4; ++w) {
                EXPECT_EQ(words[k / lanes::native_words][w][k % lanes::native_words],
                          block.word[w]);
            }
        }
    }
}

}  // namespace
}  // namespace elm::test
