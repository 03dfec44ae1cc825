#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tasks/training/training.h"

namespace elm {

/// Small models that train in step, so that their samples share the lanes of vectors (PassGroup).
/// Results of a member have the bits of any other run of the same group.
class TrainingGroup {
public:
    /// Those of `trainings` that gain from each other: models small enough, and enough samples.
    /// Fewer than two: none. Follows from them alone, not from how far they are.
    static std::vector<Training*> choose(std::span<Training* const> trainings);

    explicit TrainingGroup(std::vector<Training*> members);

    /// Updates of the least advanced members until they come to a multiple of `interval` or their
    /// end, or `seconds` have passed. Members that are ahead, after a kill between two checkpoints,
    /// wait; those that are done keep what they have.
    void advance(std::int64_t interval, double seconds);

private:
    void update(std::int64_t now);

    std::vector<Training*> members_;
    std::unique_ptr<PassGroup> passes_;
    std::vector<PassCall> calls_;
};

}  // namespace elm
