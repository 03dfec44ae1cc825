#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/tensor.h"

namespace elm {

/// A key, and the rows first <= row < end of a tile that see it.
struct ListedKey {
    std::int32_t key, first, end;
};

/// Which keys queries see: a list for each tile of `tile` queries one after the other (the last
/// tile may have fewer). There are `samples` times `heads` groups of lists, of which either is 1
/// where all have the same. Filled from the first list of the first group on.
class KeyLists {
public:
    KeyLists(std::int64_t queries, std::int64_t keys, std::int64_t tile, std::int64_t samples = 1,
             std::int64_t heads = 1);

    /// Rows first <= row < end of the tile see keys begin <= key < behind. What lies outside of the
    /// tile or of the keys is cut off.
    void see(std::int64_t begin, std::int64_t behind, std::int64_t first, std::int64_t end);
    /// All rows of the tile see them.
    void see(std::int64_t begin, std::int64_t behind) { see(begin, behind, 0, tile_); }
    /// The list of a tile is complete.
    void close();

    /// Row r of a group is query order[r], in place of query r. Once for each group, or never.
    void append_order(const std::vector<std::int32_t>& order);

    std::int64_t queries() const noexcept { return queries_; }
    std::int64_t keys() const noexcept { return keys_; }
    std::int64_t tile() const noexcept { return tile_; }
    std::int64_t tiles() const noexcept { return (queries_ + tile_ - 1) / tile_; }
    std::int64_t samples() const noexcept { return samples_; }
    std::int64_t heads() const noexcept { return heads_; }

    /// Pairs of a query and a key that it sees, of all groups together.
    std::int64_t pairs() const;

    /// As ListedAttentionArgs has them: starts, entries and order, which may be undefined. Throws
    /// Error{invalid} where lists are missing.
    struct Arrays {
        Tensor starts, entries, order;
    };
    Arrays arrays(Stream& stream) const;

    /// As ListedAttentionBackwardArgs has them: key_starts and key_entries, in the order of tiles.
    struct ArraysByKey {
        Tensor starts, entries;
    };
    ArraysByKey arrays_by_key(Stream& stream) const;

private:
    std::int64_t queries_, keys_, tile_, samples_, heads_;
    std::vector<std::int32_t> starts_{0};
    std::vector<ListedKey> entries_;
    std::vector<std::int32_t> order_;
};

}  // namespace elm
