#include "kernels/ops/attention/key_lists.h"

#include <algorithm>
#include <limits>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

static_assert(sizeof(ListedKey) == 3 * sizeof(std::int32_t));

Tensor integers(Stream& stream, const Shape& shape, const std::vector<std::int32_t>& values) {
    return Tensor::from<std::int32_t>(stream, shape, values);
}

}  // namespace

KeyLists::KeyLists(std::int64_t queries, std::int64_t keys, std::int64_t tile, std::int64_t samples,
                   std::int64_t heads)
    : queries_(queries), keys_(keys), tile_(tile), samples_(samples), heads_(heads) {
    ELM_CHECK(tile > 0, "key lists: a tile of {} queries, expected at least 1", tile);
}

void KeyLists::see(std::int64_t begin, std::int64_t behind, std::int64_t first, std::int64_t end) {
    first = std::max<std::int64_t>(first, 0);
    end = std::min(end, tile_);
    if (first >= end) return;
    for (std::int64_t key = std::max<std::int64_t>(begin, 0); key < std::min(behind, keys_);
         ++key) {
        entries_.push_back({static_cast<std::int32_t>(key), static_cast<std::int32_t>(first),
                            static_cast<std::int32_t>(end)});
    }
}

void KeyLists::close() {
    ELM_CHECK(entries_.size() <= std::numeric_limits<std::int32_t>::max(),
              "key lists: {} entries are too many. Use shorter sequences or smaller batches.",
              entries_.size());
    starts_.push_back(static_cast<std::int32_t>(entries_.size()));
}

void KeyLists::append_order(const std::vector<std::int32_t>& order) {
    ELM_CHECK(std::ssize(order) == queries_, "key lists: an order of {} rows for {} queries",
              order.size(), queries_);
    order_.insert(order_.end(), order.begin(), order.end());
}

std::int64_t KeyLists::pairs() const {
    std::int64_t pairs = 0;
    for (std::size_t list = 0; list + 1 < starts_.size(); ++list) {
        const std::int64_t tile = static_cast<std::int64_t>(list) % tiles();
        const std::int64_t rows = std::min(tile_, queries_ - tile * tile_);
        for (std::int32_t at = starts_[list]; at < starts_[list + 1]; ++at) {
            const ListedKey& entry = entries_[static_cast<std::size_t>(at)];
            pairs +=
                std::max<std::int64_t>(std::min<std::int64_t>(entry.end, rows) - entry.first, 0);
        }
    }
    return pairs;
}

KeyLists::Arrays KeyLists::arrays(Stream& stream) const {
    const std::int64_t groups = samples_ * heads_;
    ELM_CHECK(std::ssize(starts_) == groups * tiles() + 1,
              "key lists: {} lists, expected {} for each of {} groups", starts_.size() - 1, tiles(),
              groups);
    ELM_CHECK(order_.empty() || std::ssize(order_) == groups * queries_,
              "key lists: an order of {} rows, expected {} for each of {} groups", order_.size(),
              queries_, groups);
    std::vector<std::int32_t> flat;
    flat.reserve(3 * entries_.size());
    for (const ListedKey& entry : entries_) {
        flat.insert(flat.end(), {entry.key, entry.first, entry.end});
    }
    return {integers(stream, {std::ssize(starts_)}, starts_),
            integers(stream, {std::ssize(entries_), 3}, flat),
            order_.empty() ? Tensor{} : integers(stream, {groups, queries_}, order_)};
}

KeyLists::ArraysByKey KeyLists::arrays_by_key(Stream& stream) const {
    const std::int64_t groups = samples_ * heads_, lists = std::ssize(starts_) - 1;
    const auto place = [&](std::int64_t list, std::int64_t entry) {
        return static_cast<std::size_t>(list / tiles() * keys_ +
                                        entries_[static_cast<std::size_t>(entry)].key);
    };
    const auto for_each = [&](const auto& body) {
        for (std::int64_t list = 0; list < lists; ++list) {
            const auto at = static_cast<std::size_t>(list);
            for (std::int32_t entry = starts_[at]; entry < starts_[at + 1]; ++entry) {
                body(list, entry);
            }
        }
    };
    std::vector<std::int32_t> starts(static_cast<std::size_t>(groups * keys_ + 1), 0);
    for_each([&](std::int64_t list, std::int32_t entry) { ++starts[place(list, entry) + 1]; });
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    std::vector<std::int32_t> next(starts.begin(), starts.end()), flat(2 * entries_.size());
    for_each([&](std::int64_t list, std::int32_t entry) {
        const auto at = 2 * static_cast<std::size_t>(next[place(list, entry)]++);
        flat[at] = entry;
        flat[at + 1] = static_cast<std::int32_t>(list % tiles());
    });
    return {integers(stream, {std::ssize(starts)}, starts),
            integers(stream, {std::ssize(entries_), 2}, flat)};
}

}  // namespace elm
