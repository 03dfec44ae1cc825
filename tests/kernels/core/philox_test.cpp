#include "kernels/core/random/philox.h"

#include <gtest/gtest.h>

#include <set>

#include "kernels/core/random/random_key.h"

namespace elm {
namespace {

void expect_philox(const PhiloxCounter& counter, const PhiloxKey& key,
                   const PhiloxCounter& expected) {
    const PhiloxCounter result = philox(counter, key);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(result.word[i], expected.word[i]) << "word " << i;
}

// The three lines "philox4x32 10" of tests/kat_vectors of Random123 (Salmon et al. 2011).
TEST(Philox, gives_the_published_answer_for_zeros) {
    expect_philox({}, {}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
}

TEST(Philox, gives_the_published_answer_for_ones) {
    constexpr std::uint32_t ones = 0xffffffff;
    expect_philox({{ones, ones, ones, ones}}, {{ones, ones}},
                  {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
}

TEST(Philox, gives_the_published_answer_for_digits_of_pi) {
    expect_philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}},
                  {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST(RandomKey, seed_step_purpose_and_element_each_change_the_word) {
    const RandomKey key{7, 3, 5};
    const std::set<std::uint32_t> words{random_word(key, 0),
                                        random_word(key, 1),
                                        random_word(key, draws_per_block),
                                        random_word({8, 3, 5}, 0),
                                        random_word({7 + (std::uint64_t{1} << 32), 3, 5}, 0),
                                        random_word(key.at_step(4), 0),
                                        random_word(key.at_step(3 + (std::uint64_t{1} << 32)), 0),
                                        random_word(key.for_purpose("noise"), 0),
                                        random_word(key.for_purpose("noise").for_purpose("a"), 0),
                                        random_word(key.for_purpose("a").for_purpose("noise"), 0)};
    EXPECT_EQ(words.size(), 10u);
}

TEST(RandomKey, unit_uniform_stays_in_its_interval) {
    EXPECT_EQ(unit_uniform<float>(0), 0.0f);
    EXPECT_EQ(unit_uniform<double>(0), 0.0);
    EXPECT_LT(unit_uniform<float>(0xffffffff), 1.0f);
    EXPECT_LT(unit_uniform<double>(0xffffffff), 1.0);
}

}  // namespace
}  // namespace elm
