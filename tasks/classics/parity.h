#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// Parity of random bits: tokens 0 and 1, then 2 for the end, where the parity of all is asked for;
/// or, cumulative, the parity of the bits so far in each step, without an end.
/// Source: Arora et al. 2024, "Zoology", arXiv 2312.04927 (public repository).
struct ParityOptions {
    int length = 16;  // steps, 2 or more, the end included
    bool cumulative = false;
};

inline constexpr std::int32_t parity_end = 2, parity_vocabulary = 3;

/// Writes sample `index` of `seed`: tokens (length), targets (length) 0, 1 or ignored_target.
/// Throws Error{invalid} for a length or a span that does not fit.
void fill_parity(const ParityOptions& options, std::uint64_t seed, std::uint64_t index,
                 std::span<std::int32_t> tokens, std::span<std::int32_t> targets);

}  // namespace elm
