#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tasks/data/spikes/spike_listing.h"

namespace elm {

/// A spike and its place in the listing. Spikes of equal times keep the order of their places.
struct ListedSpike {
    double time_ms;
    std::int64_t place;
    std::int32_t unit;

    bool operator<(const ListedSpike& other) const noexcept {
        return time_ms != other.time_ms ? time_ms < other.time_ms : place < other.place;
    }
};

/// The spikes of a listing that was checked, in order of time, in memory that does not depend on
/// their number. A listing in order is passed on block by block. Of any other, one pass over all of
/// it picks the earliest `at_once` spikes, another the earliest after those, and so on: 2 million
/// need one pass, 100 million need 50.
class OrderedSpikes {
public:
    static constexpr std::size_t usual_count = std::size_t{1} << 21;  // 100 MB while picking

    OrderedSpikes(std::unique_ptr<SpikeListing> spikes, bool in_order,
                  std::size_t at_once = usual_count);

    /// The next spike, which stays the next one until it is dropped; nullptr at the end.
    const ListedSpike* peek();
    void drop() { ++position_; }

private:
    void take_block();
    void pick_earliest();

    std::unique_ptr<SpikeListing> spikes_;  // empty behind the last spike
    bool in_order_;
    std::size_t at_once_;
    std::vector<ListedSpike> ready_;
    std::size_t position_ = 0;              // in ready_
    std::optional<ListedSpike> last_ = {};  // of those picked so far
};

}  // namespace elm
