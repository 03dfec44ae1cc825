#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/core/random/philox.h"

namespace elm {

/// Names a stream of random numbers by what they are drawn for, so that no generator has a state:
/// element i of (seed, purpose, step) is the same number on every device and after every resume.
struct RandomKey {
    std::uint64_t seed = 0;
    std::uint64_t step = 0;     // of training or of simulation
    std::uint32_t purpose = 0;  // which draw of the step

    constexpr RandomKey at_step(std::uint64_t new_step) const { return {seed, new_step, purpose}; }

    /// The key of a part of this purpose, by name.
    constexpr RandomKey for_purpose(std::string_view name) const {
        RandomKey part = start_part();
        for (const char letter : name) part.hash(static_cast<unsigned char>(letter));
        return part;
    }

    /// The key of a part of this purpose, by number.
    constexpr RandomKey for_part(std::uint32_t index) const {
        RandomKey part = start_part();
        for (int shift = 0; shift < 32; shift += 8) part.hash((index >> shift) & 0xFFu);
        return part;
    }

private:
    // FNV-1a (RFC 9923), continued from the purpose that is divided.
    constexpr RandomKey start_part() const { return {seed, step, purpose ^ 0x811C9DC5u}; }
    constexpr void hash(std::uint32_t byte) { purpose = (purpose ^ byte) * 0x01000193u; }
};

/// Numbers drawn from one block of four words.
inline constexpr std::int64_t draws_per_block = 4;

/// Words 4 block .. 4 block + 3 of the stream. Different keys and blocks never share a word.
ELM_HD constexpr PhiloxCounter random_block(const RandomKey& key, std::int64_t block) {
    return philox(
        {{static_cast<std::uint32_t>(block), key.purpose, static_cast<std::uint32_t>(key.step),
          static_cast<std::uint32_t>(key.step >> 32)}},
        {{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)}});
}

/// Word `element` of the stream.
ELM_HD constexpr std::uint32_t random_word(const RandomKey& key, std::int64_t element) {
    return random_block(key, element / draws_per_block).word[element % draws_per_block];
}

/// A number in [0, 1) from one word; exact, so equal on every device. The float is the double cut
/// to 24 bits.
template <class Real>
ELM_HD constexpr Real unit_uniform(std::uint32_t word);
template <>
ELM_HD constexpr float unit_uniform<float>(std::uint32_t word) {
    return static_cast<float>(word >> 8) * 0x1p-24f;
}
template <>
ELM_HD constexpr double unit_uniform<double>(std::uint32_t word) {
    return static_cast<double>(word) * 0x1p-32;
}

/// True with `probability`, to a resolution of 2^-32.
ELM_HD constexpr bool draw_bernoulli(std::uint32_t word, double probability) {
    return unit_uniform<double>(word) < probability;
}

}  // namespace elm
