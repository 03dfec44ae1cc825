#pragma once

#include <cstdint>
#include <memory>

#include "tasks/neuronio/window_sampler.h"

namespace elm {

/// The batches of one update after the other. Data in memory is sampled when asked for: that costs
/// less than handing it from thread to thread. Data read on demand is sampled on a thread of its
/// own, some updates ahead. The batches are those of sample_windows either way.
class WindowPrefetcher {
public:
    static constexpr std::int64_t automatic = -1;

    /// `depth`: batches prepared ahead, 0 for none and no thread; `automatic` is 0 for data in
    /// memory and 4 otherwise. `data` must outlive this. Throws as check_windows.
    WindowPrefetcher(const NeuronIoDataset& data, const WindowOptions& options, std::uint64_t seed,
                     std::int64_t first_update, std::int64_t depth = automatic);
    /// Stops the thread after the batch that it is making.
    ~WindowPrefetcher();
    WindowPrefetcher(const WindowPrefetcher&) = delete;
    WindowPrefetcher& operator=(const WindowPrefetcher&) = delete;

    /// The batch of first_update, then those of the updates after it, valid until the next call.
    /// Throws what sampling this batch threw, from then on every time.
    NeuronIoBatch& next();

private:
    struct Implementation;
    std::unique_ptr<Implementation> work_;
};

}  // namespace elm
