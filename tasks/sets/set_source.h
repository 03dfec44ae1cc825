#pragma once

#include <cstdint>
#include <string>

#include "tasks/task_registry.h"

namespace elm {

/// Samples that are to be looked at.
struct ShownSet {
    std::string name;  // of the task, or the path
    const TaskEntry* task = nullptr;
    Values options = {};
    SetColumns samples = {};
    std::int64_t total = 0;  // samples that there are; 0: as many as one wants

    const SampleKind& kind() const { return *task->samples; }
};

/// Draws samples first .. first + count - 1 of a seed, on all threads.
ShownSet draw_set(const TaskEntry& task, const OptionSet& options, std::uint64_t seed,
                  std::int64_t first, std::int64_t count);

/// Reads samples from number `first` on, at most `count`, of what find_samples() finds; where it is
/// divided, of what is trained on. With `count` 0 as many as the task shows. Throws as that does,
/// and Error{invalid} where there is no sample `first`.
ShownSet load_set(const std::string& path, std::int64_t first, std::int64_t count);

}  // namespace elm
