#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tasks/training/fit.h"

namespace elm {

/// Fits of small models that train in step, so that their samples share the lanes of vectors
/// (PassGroup). What a member learns has the bits of any other run of the same group.
class FitGroup {
public:
    /// Those of `fits` that gain from each other: models small enough, and enough samples. Fewer
    /// than two: none. Follows from the fits alone, not from how far they are.
    static std::vector<Fit*> choose(std::span<Fit* const> fits);

    explicit FitGroup(std::vector<Fit*> members);

    /// Updates of the least advanced members until they come to a multiple of `interval` or their
    /// end, or `seconds` have passed. Members that are ahead, after a kill between two checkpoints,
    /// wait.
    void advance(std::int64_t interval, double seconds);

private:
    void update(std::int64_t now);

    std::vector<Fit*> members_;
    std::unique_ptr<PassGroup> passes_;
    std::vector<PassCall> calls_;
};

}  // namespace elm
