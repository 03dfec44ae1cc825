#include "baselines/mixers/sparse/bigbird_blocks.h"

#include <algorithm>
#include <utility>

namespace elm {
namespace {

bool always_seen(std::int64_t block, std::int64_t other, std::int64_t count) {
    const bool global = block == 0 || block == count - 1 || other == 0 || other == count - 1;
    return global || (other >= block - 1 && other <= block + 1);
}

/// Rising, each once.
std::vector<std::int64_t> seen_by(const BigBirdBlocks& blocks, std::int64_t head,
                                  std::int64_t block) {
    const std::int64_t count = blocks.blocks();
    std::vector<bool> seen(static_cast<std::size_t>(count));
    for (std::int64_t other = 0; other < count; ++other) {
        seen[static_cast<std::size_t>(other)] = always_seen(block, other, count);
    }
    const std::int64_t row = head * (count - 2) + block - 1;
    const bool inner = block > 0 && block < count - 1;
    for (std::int64_t i = 0; inner && i < blocks.random; ++i) {
        const auto other = blocks.table[static_cast<std::size_t>(row * blocks.random + i)];
        if (other >= 0) seen[static_cast<std::size_t>(other)] = true;
    }
    std::vector<std::int64_t> result;
    for (std::int64_t other = 0; other < count; ++other) {
        if (seen[static_cast<std::size_t>(other)]) result.push_back(other);
    }
    return result;
}

}  // namespace

void draw_random_blocks(BigBirdBlocks& blocks, std::int64_t within, const RandomKey& key) {
    const std::int64_t count = blocks.blocks();
    const std::int64_t behind = within == 0 ? count : std::min(count, within / blocks.block);
    for (std::int64_t head = 0; head < blocks.heads; ++head) {
        const RandomKey of_head = key.for_part(static_cast<std::uint32_t>(head));
        for (std::int64_t own = 1; own + 1 < count; ++own) {
            std::vector<std::int32_t> free;
            for (std::int64_t other = 0; other < behind; ++other) {
                if (always_seen(own, other, count)) continue;
                free.push_back(static_cast<std::int32_t>(other));
            }
            // The first places of a shuffle.
            for (std::int64_t i = 0; i < blocks.random; ++i) {
                if (i >= std::ssize(free)) {
                    blocks.table.push_back(-1);
                    continue;
                }
                const double unit =
                    unit_uniform<double>(random_word(of_head, own * blocks.random + i));
                const auto left = static_cast<double>(std::ssize(free) - i);
                const auto at = free.begin() + i;
                std::iter_swap(at, at + static_cast<std::int64_t>(unit * left));
                blocks.table.push_back(*at);
            }
        }
    }
}

KeyLists bigbird_lists(const BigBirdBlocks& blocks, const std::vector<std::int64_t>& lengths) {
    const std::int64_t steps = blocks.steps, size = blocks.block;
    KeyLists lists(steps, steps + blocks.spare, size, std::ssize(lengths), blocks.heads);
    for (const std::int64_t length : lengths) {
        for (std::int64_t head = 0; head < blocks.heads; ++head) {
            for (std::int64_t own = 0; own < lists.tiles(); ++own) {
                for (const std::int64_t other : seen_by(blocks, head, own)) {
                    const std::int64_t begin = other * size, end = begin + size;
                    lists.see(begin, std::min(end, length));
                    lists.see(std::max(begin, steps), end);
                }
                lists.close();
            }
        }
    }
    return lists;
}

}  // namespace elm
