#include "tasks/data/sets/block_cache.h"

namespace elm {

BlockCache::Block BlockCache::get(std::int64_t number, const std::function<SetColumns()>& read) {
    std::unique_lock lock(mutex_);
    if (const auto found = entries_.find(number); found != entries_.end()) {
        Entry& entry = found->second;
        if (entry.bytes > 0) used_.splice(used_.begin(), used_, entry.use);
        const std::shared_future<Block> block = entry.block;
        lock.unlock();
        return block.get();
    }
    std::promise<Block> promise;
    const std::shared_future<Block> block = promise.get_future().share();
    entries_[number].block = block;
    lock.unlock();
    std::int64_t bytes = 1;
    try {
        auto columns = std::make_shared<const SetColumns>(read());
        for (const SetColumn& column : *columns) bytes += column.bytes();
        promise.set_value(std::move(columns));
    } catch (...) {
        promise.set_exception(std::current_exception());
        lock.lock();
        entries_.erase(number);
        throw;
    }
    lock.lock();
    Entry& entry = entries_[number];
    used_.push_front(number);
    entry.use = used_.begin();
    entry.bytes = bytes;
    bytes_ += bytes;
    while (bytes_ > most_bytes_ && used_.size() > 1) {
        const auto oldest = entries_.find(used_.back());
        bytes_ -= oldest->second.bytes;
        entries_.erase(oldest);
        used_.pop_back();
    }
    return block.get();
}

}  // namespace elm
