#pragma once

#include <cstdint>

#include "kernels/core/random/random_key.h"

namespace elm {

/// Where a permutation of 0 .. count - 1 that follows from `key` sends `place`, which is below
/// `count`; `count` is at most 2^62. Any place costs the same and nothing is stored.
///
/// A Feistel network on the next power of 4, walked along until it is back below `count`: 2 to 3
/// times on average where `count` has just passed a power of 4, else less. Source: Black & Rogaway
/// 2002, doi:10.1007/3-540-45760-7_9. Eight rounds where four are proven for long halves (Luby &
/// Rackoff 1988, doi:10.1137/0217022), for halves are a few bits here.
constexpr std::uint64_t permuted(const RandomKey& key, std::uint64_t count, std::uint64_t place) {
    constexpr std::uint32_t rounds = 8;
    int half = 1;
    while (std::uint64_t{1} << (2 * half) < count) ++half;
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    do {
        std::uint64_t left = place >> half, right = place & mask;
        for (std::uint32_t round = 0; round < rounds; ++round) {
            const std::uint64_t mixed =
                left ^ random_block(key.for_part(round), static_cast<std::int64_t>(right)).word[0];
            left = right;
            right = mixed & mask;
        }
        place = (left << half) | right;
    } while (place >= count);
    return place;
}

}  // namespace elm
