#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/core/random/random_key.h"

namespace elm {

/// Random numbers of one generated sample, drawn one after the other. They are named by seed,
/// purpose and index of the sample, so a sample has the same bits whatever else is drawn.
class SampleRandom {
public:
    SampleRandom(std::uint64_t seed, std::uint64_t index, std::string_view purpose)
        : key_(RandomKey{.seed = seed}.for_purpose(purpose).at_step(index)) {}

    std::uint32_t word() {
        if (at_ == words_.size()) refill();
        return words_[at_++];
    }

    /// In [0, 1), to a resolution of 2^-32.
    double uniform() { return unit_uniform<double>(word()); }

    /// One of 0 .. count - 1, each with probability 1 / count up to 2^-32.
    int below(int count) {
        return static_cast<int>((std::uint64_t{word()} * static_cast<std::uint64_t>(count)) >> 32);
    }

private:
    // Blocks do not depend on each other, so several are made side by side.
    static constexpr std::int64_t blocks = 8;

    void refill() {
        const RandomKey key = key_;
        const std::int64_t next = next_block_;
        std::uint32_t* const words = words_.data();
#pragma omp simd simdlen(8)
        for (std::int64_t k = 0; k < blocks; ++k) {
            const PhiloxCounter block = random_block(key, next + k);
            for (std::int64_t word = 0; word < draws_per_block; ++word) {
                words[k * draws_per_block + word] = block.word[word];
            }
        }
        next_block_ += blocks;
        at_ = 0;
    }

    RandomKey key_;
    std::int64_t next_block_ = 0;
    std::array<std::uint32_t, blocks * draws_per_block> words_;
    std::size_t at_ = blocks * draws_per_block;
};

}  // namespace elm
