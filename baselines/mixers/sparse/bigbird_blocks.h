#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/ops/attention/key_lists.h"

namespace elm {

/// Which blocks of keys the blocks of queries see: the first and the last one see all and are seen
/// by all, any other also sees its neighbours, itself and some at random.
struct BigBirdBlocks {
    std::int64_t steps, block, heads;
    std::int64_t spare;  // keys behind the sequence that fill its last block, or are one
    std::int64_t random;
    /// For each head and each block but the first and last one, `random` blocks.
    std::vector<std::int32_t> table = {};

    std::int64_t blocks() const { return (steps + spare + block - 1) / block; }
};

/// Random blocks, `random` for each head and block: of all without the first and last one and those
/// around the block itself, each at most once; where there are fewer than `random` such blocks, all
/// of them (-1 fills the table). They follow from the key and the head alone. `within`: steps that
/// random blocks come from; 0: all.
void draw_random_blocks(BigBirdBlocks& blocks, std::int64_t within, const RandomKey& key);

/// Tiles are blocks. `lengths`: steps that count in each sample, or one number for all samples.
/// Spare keys always count.
KeyLists bigbird_lists(const BigBirdBlocks& blocks, const std::vector<std::int64_t>& lengths);

}  // namespace elm
