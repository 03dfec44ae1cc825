#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tasks/arena/learning/arena_training.h"
#include "tasks/arena/sets/arena_set.h"

namespace elm {

struct BuildOptions {
    ArenaTask task;
    ArenaSizes sizes = {};
    /// Registered models that say together what is difficult, member k being number k modulo their
    /// count; they train on a part of their own and are no contestants.
    std::vector<std::string> committee = {"lstm", "tcn"};
    std::int64_t committee_size = 5;
    std::int64_t committee_updates = 400;
    std::map<std::string, Values> model_options = {};
    ArenaRecipe recipe = {};
    std::uint64_t seed = 0;
    std::string out = {};
    bool force = false;
};

/// Divides a pool, chooses ARENA-DEV and ARENA-TEST (diverse, hard, both), removes from D1 to D9
/// what is too like them or TEST, and writes the arena into its folder. `poll` is called between
/// pieces of work and may throw. A run that was killed begins anew but for the committee, whose
/// models stand in FOLDER/committee with what each was made from: those that would be made alike
/// stay. Throws Error{exists} for an arena that is there and may not be replaced.
ArenaSet build_arena(Stream& stream, const BuildOptions& options,
                     const std::function<void()>& poll);

/// The same tables for people: parts, samples, fingerprints.
Table arena_table(const ArenaSet& arena);

}  // namespace elm
