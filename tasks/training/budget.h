#pragma once

#include <cstdint>
#include <string>

namespace elm {

/// How long to train: "10m", "200s", "2h" (wall time), "5000u" (updates), "80000n" (samples),
/// "1e15f" (floating-point operations).
struct Budget {
    enum class Unit { seconds, updates, samples, flops };
    Unit unit = Unit::updates;
    double amount = 0;
};

/// Throws Error{invalid} saying what is expected.
Budget parse_budget(const std::string& text);

/// What an update takes.
struct UpdateCost {
    double samples = 1, flops = 1;
};

/// The number of updates that fit into a budget that is not one of time, at least one. Throws
/// Error{invalid} where it is no count.
std::int64_t updates_within(const Budget& budget, const UpdateCost& update);

}  // namespace elm
