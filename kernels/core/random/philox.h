#pragma once

#include <cstdint>

#include "kernels/core/host_device.h"

namespace elm {

struct PhiloxCounter {
    std::uint32_t word[4];
};
struct PhiloxKey {
    std::uint32_t word[2];
};

/// Constants of Philox4x32-10.
struct PhiloxConstants {
    static constexpr std::uint32_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
    static constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;
    static constexpr int rounds = 10;
};

/// Philox4x32-10: a bijection of the 128-bit counter for each 64-bit key, whose outputs pass the
/// common tests of randomness. Equal on every device.
/// Source: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
/// doi:10.1145/2063384.2063405, section 3.3 and table 2 (multipliers and Weyl constants).
ELM_HD constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
    using Constants = PhiloxConstants;
    for (int round = 0; round < Constants::rounds; ++round) {
        const std::uint64_t product_0 = std::uint64_t{Constants::multiplier_0} * counter.word[0];
        const std::uint64_t product_1 = std::uint64_t{Constants::multiplier_1} * counter.word[2];
        const auto high_0 = static_cast<std::uint32_t>(product_0 >> 32);
        const auto high_1 = static_cast<std::uint32_t>(product_1 >> 32);
        counter = {{high_1 ^ counter.word[1] ^ key.word[0], static_cast<std::uint32_t>(product_1),
                    high_0 ^ counter.word[3] ^ key.word[1], static_cast<std::uint32_t>(product_0)}};
        key.word[0] += Constants::weyl_0;
        key.word[1] += Constants::weyl_1;
    }
    return counter;
}

}  // namespace elm
