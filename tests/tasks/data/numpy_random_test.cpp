// Draws of numpy's generator, word by word, and what the published programs drew with it.

#include <zlib.h>

#include <gtest/gtest.h>

#include "tasks/data/numpy_random.h"
#include "tasks/speech/digit_pairs.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

std::vector<std::int64_t> whole(const Hdf5File& golden, const std::string& name) {
    return golden.read<std::int64_t>("/shd/" + name);
}

/// O'Neill's reference output of default_rng(0), as numpy prints it.
TEST(NumpyRandom, first_draws_are_known) {
    NumpyRandom words(0), numbers(0), doubles(0);
    EXPECT_EQ(words.word(), 11749869230777074271U);
    EXPECT_EQ(words.word(), 4976686463289251617U);
    EXPECT_DOUBLE_EQ(doubles.uniform(), 0.6369616873214543);
    EXPECT_DOUBLE_EQ(doubles.uniform(), 0.2697867137638703);
    const int expected[] = {850, 636, 511, 269, 307};  // integers(0, 1000, 5)
    for (const int number : expected) {
        EXPECT_EQ(numbers.below(1000), static_cast<std::uint32_t>(number));
    }
}

TEST(NumpyRandom, bounded_numbers_are_those_of_numpy) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::int64_t bound : {40, 2264}) {
        NumpyRandom random(0);
        for (const std::int64_t expected :
             whole(golden, "pcg64/seed0_integers_0_" + std::to_string(bound))) {
            ASSERT_EQ(random.below(static_cast<std::uint64_t>(bound)), expected);
        }
    }
    NumpyRandom random(0);
    for (const double expected : golden.read<double>("/shd/pcg64/seed0_random_double")) {
        ASSERT_EQ(random.uniform(), expected);
    }
}

TEST(NumpyRandom, splits_are_the_published_ones) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::uint64_t seed : {0U, 12345U}) {
        NumpyRandom random(seed);
        std::vector<std::int64_t> held_out;
        for (std::int64_t k = 0; k < 8156; ++k) {
            if (random.chance(0.2)) held_out.push_back(k);
        }
        EXPECT_EQ(held_out, whole(golden, "published/split_seed_" + std::to_string(seed) +
                                              "/validation_index"));
    }
}

void expect_pairs(const std::vector<std::int64_t>& expected, std::int64_t n_samples) {
    const PairDraws draws(0, n_samples);
    for (std::size_t at = 0; at < expected.size(); ++at) {
        const auto batch = static_cast<std::int64_t>(at / 16),
                   slot = static_cast<std::int64_t>(at % 16);
        const PairDraws::Pair pair = draws.pair(8 * batch + slot % 8);
        ASSERT_EQ(slot < 8 ? pair.first : pair.second, expected[at]) << at;
    }
}

TEST(PairDraws, are_the_published_ones) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    expect_pairs(whole(golden, "published/split_seed_0/pairs_training_first"), 6514);
    expect_pairs(whole(golden, "published/split_seed_0/pairs_validation"), 1642);
    expect_pairs(whole(golden, "published/pairs_test"), 2264);
    std::vector<std::uint16_t> all;
    for (const std::int64_t number : whole(golden, "published/pairs_test")) {
        all.push_back(static_cast<std::uint16_t>(number));
    }
    EXPECT_EQ(crc32_z(0, reinterpret_cast<const Bytef*>(all.data()), 2 * all.size()), 264386436U);
}

TEST(PairDraws, do_not_depend_on_the_order_of_questions) {
    const PairDraws forward(7, 6514), backward(7, 6514);
    std::vector<PairDraws::Pair> pairs;
    for (std::int64_t k = 0; k < 5000; k += 611) pairs.push_back(forward.pair(k));
    for (std::int64_t k = std::ssize(pairs); k-- > 0;) {
        const PairDraws::Pair pair = backward.pair(611 * k);
        EXPECT_EQ(pair.first, pairs[static_cast<std::size_t>(k)].first);
        EXPECT_EQ(pair.second, pairs[static_cast<std::size_t>(k)].second);
    }
}

}  // namespace
}  // namespace elm
