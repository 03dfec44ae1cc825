#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tasks/arena/sets/arena_pool.h"

namespace elm {

/// How many samples the parts of an arena have.
struct ArenaSizes {
    std::int64_t target = 1000;      // D0: what the target learns first
    std::int64_t part = 1000;        // each of D1 to D9, which its lessons are chosen from
    std::int64_t opponents = 8000;   // OPP: what the opponents learn
    std::int64_t committee = 2000;   // COMMITTEE: what those learn who say what is difficult
    std::int64_t calibration = 500;  // CAL: temperatures
    std::int64_t source = 2000;      // what ARENA-DEV and ARENA-TEST are chosen from
    std::int64_t test = 4000;        // TEST: reports only

    std::int64_t total() const noexcept;
    /// The same shares of so many samples. Throws Error{data} where a part would be empty.
    ArenaSizes scaled_to(std::int64_t samples) const;
    /// Each as many whole groups of so many as go into it.
    ArenaSizes in_groups_of(std::int64_t samples) const;
};

inline constexpr int n_lesson_parts = 9;  // D1 to D9

/// Names of the parts in files: "d0" to "d9", and these.
namespace part {
inline constexpr const char *opponents = "opp", *committee = "committee", *calibration = "cal",
                            *source = "source", *dev = "arena-dev", *test = "test",
                            *arena = "arena-test", *diverse = "arena-test-diverse",
                            *hard = "arena-test-hard";
std::string lessons(int index);  // "d3"
}  // namespace part
/// Whether lessons are chosen from a part: D1 to D9.
bool is_lesson_part(const std::string& name);

using ArenaParts = std::map<std::string, SampleNumbers>;

/// Ranges of a permutation of the pool's groups that follows from `seed`: a part has as many whole
/// groups as go into its size. Samples that the task's own test
/// set holds are `test`, where there is one. A sample whose input is that of one of another part,
/// byte by byte, is left out where it comes second: test samples stay. Throws Error{invalid} for
/// more samples than there are, and for a part smaller than a group.
ArenaParts divide_pool(const ArenaPool& pool, const ArenaSizes& sizes, std::uint64_t seed);

/// Throws Error{invalid} naming the parts that have no sample, with `cause`, and what to choose
/// instead.
void require_filled(const ArenaParts& parts, const std::string& cause);

/// Throws Error{data} naming two parts that share a sample, or samples of one group of so many, but
/// for parts of ARENA-TEST.
void require_disjoint(const ArenaParts& parts, std::int64_t group_size = 1);

}  // namespace elm
