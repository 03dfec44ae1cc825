#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "tasks/data/sets/set_columns.h"

namespace elm {

/// Blocks of samples in memory: those used last, up to a number of bytes. Several threads may ask
/// at once; a block that is missing is read by one of them, and the others wait for it.
class BlockCache {
public:
    using Block = std::shared_ptr<const SetColumns>;

    explicit BlockCache(std::int64_t most_bytes) : most_bytes_(most_bytes) {}

    /// The block of this number, made by `read` where it is not there. Throws what that throws.
    Block get(std::int64_t number, const std::function<SetColumns()>& read);

private:
    struct Entry {
        std::shared_future<Block> block;
        std::int64_t bytes = 0;
        std::list<std::int64_t>::iterator use = {};  // of a block that is there
    };

    std::mutex mutex_;  // of all below
    std::int64_t most_bytes_, bytes_ = 0;
    std::unordered_map<std::int64_t, Entry> entries_;
    std::list<std::int64_t> used_;  // numbers, the last used in front
};

}  // namespace elm
