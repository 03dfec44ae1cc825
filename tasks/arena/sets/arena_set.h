#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tasks/arena/sets/arena_division.h"

namespace elm {

/// A task as an arena knows it.
struct ArenaTask {
    std::string name;
    Values options = {};                  // of the task, that are not its defaults
    std::vector<std::string> files = {};  // of its samples; empty: they are drawn
    std::int64_t drawn = 0;               // how many
};

/// Opens the samples of a task. Throws as open_samples(), sample_pool() and neuronio_pool() do.
std::unique_ptr<ArenaPool> open_pool(const ArenaTask& task);

/// An arena that was built: which samples its parts hold, and how difficult those are that are
/// fought on. On disk FOLDER/arena.h5, and FOLDER/arena_manifest.json for people.
struct ArenaSet {
    ArenaTask task;
    std::uint64_t seed = 0;
    ArenaParts parts;
    std::map<std::string, std::vector<double>> difficulty;  // of ARENA-DEV and ARENA-TEST parts
    std::int64_t clusters = 0;
    std::int64_t duplicates = 0;   // samples that stood in another part, byte by byte
    std::int64_t near_copies = 0;  // of D1 to D9 that were too like a test sample
    /// Of the hard samples of ARENA-TEST, the share on which the whole committee says one other
    /// class: wrong labels are among them. NaN: the answers are no single classes.
    double doubtful_share = 0;
    std::vector<std::string> committee;           // fingerprints of its models
    std::map<std::string, std::string> contents;  // fingerprint of each part

    /// Digits that tell this arena from others.
    std::string fingerprint() const;
    /// Throws Error{data} for a part that is not there.
    const SampleNumbers& part(const std::string& name) const;
};

void write_arena(const std::string& folder, const ArenaSet& arena, bool force);
/// Throws Error{data} for no arena, for parts that overlap, and for samples that are not those it
/// was built from.
ArenaSet read_arena(const std::string& folder);
/// Throws Error{data} unless the pool holds the samples that the arena was built from, and where
/// samples of one group stand in two parts.
void require_same_samples(const ArenaSet& arena, const ArenaPool& pool);
/// The samples of an arena, checked, with the scale of its losses.
std::unique_ptr<ArenaPool> open_pool(const ArenaSet& arena);

}  // namespace elm
