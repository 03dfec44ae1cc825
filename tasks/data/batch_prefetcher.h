#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tasks/task.h"

namespace elm {

/// The batches of a run one after the other, some of them prepared ahead by threads of their own
/// where that costs less than waiting for them.
class BatchPrefetcher {
public:
    using Fill = std::function<void(std::int64_t index, Batch& batch)>;

    /// `depth`: batches prepared ahead; 0: none and no thread, each is filled when asked for.
    /// `threads`: how many make one each, at most `depth`; `fill` is called from all of them.
    BatchPrefetcher(Fill fill, std::int64_t first_index, std::int64_t depth, int threads = 1);
    /// Stops each thread after the batch that it is making.
    ~BatchPrefetcher();
    BatchPrefetcher(const BatchPrefetcher&) = delete;
    BatchPrefetcher& operator=(const BatchPrefetcher&) = delete;

    /// The batch of first_index, then those after it, valid until the next call. Throws what
    /// filling this batch threw, from then on every time.
    Batch& next();

private:
    struct Implementation;
    std::unique_ptr<Implementation> work_;
};

}  // namespace elm
