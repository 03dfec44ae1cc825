#include "tasks/data/spikes/ordered_spikes.h"

#include <algorithm>
#include <utility>

namespace elm {

OrderedSpikes::OrderedSpikes(std::unique_ptr<SpikeListing> spikes, bool in_order,
                             std::size_t at_once)
    : spikes_(std::move(spikes)), in_order_(in_order), at_once_(at_once) {
    spikes_->rewind();
}

const ListedSpike* OrderedSpikes::peek() {
    if (position_ < ready_.size()) return &ready_[position_];
    if (!spikes_) return nullptr;
    position_ = 0;
    ready_.clear();
    if (in_order_) {
        take_block();
    } else {
        pick_earliest();
    }
    if (!ready_.empty()) return ready_.data();
    spikes_.reset();
    ready_.shrink_to_fit();
    return nullptr;
}

void OrderedSpikes::take_block() {
    const SpikeBlock& block = spikes_->next();
    ready_.reserve(block.size());
    for (std::size_t at = 0; at < block.size(); ++at) {
        ready_.push_back({block.times_ms[at], 0, static_cast<std::int32_t>(block.units[at])});
    }
}

void OrderedSpikes::pick_earliest() {
    std::optional<ListedSpike> limit;  // of as many as are wanted all are earlier, or this one
    const auto keep_earliest = [&] {
        const auto middle = ready_.begin() + static_cast<std::ptrdiff_t>(at_once_ - 1);
        std::nth_element(ready_.begin(), middle, ready_.end());
        limit = *middle;
        ready_.resize(at_once_);
    };
    spikes_->rewind();
    std::int64_t place = 0;
    while (true) {
        const SpikeBlock& block = spikes_->next();
        if (block.size() == 0) break;
        for (std::size_t at = 0; at < block.size(); ++at, ++place) {
            const ListedSpike spike{block.times_ms[at], place,
                                    static_cast<std::int32_t>(block.units[at])};
            if ((last_ && !(*last_ < spike)) || (limit && *limit < spike)) continue;
            ready_.push_back(spike);
            if (ready_.size() == 2 * at_once_) keep_earliest();
        }
    }
    if (ready_.size() > at_once_) keep_earliest();
    std::sort(ready_.begin(), ready_.end());
    if (!ready_.empty()) last_ = ready_.back();
}

}  // namespace elm
