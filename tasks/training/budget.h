#pragma once

#include <cstdint>
#include <string>

namespace elm {

/// How long to train: "10m", "200s", "2h" (wall time), "5000u" (updates), "1e15f" (floating-point
/// operations).
struct Budget {
    enum class Unit { seconds, updates, flops };
    Unit unit = Unit::updates;
    double amount = 0;
};

/// Throws Error{invalid} saying what is expected.
Budget parse_budget(const std::string& text);

/// The number of updates that fit, at least one. Throws Error{invalid} where it is no count.
std::int64_t updates_within(const Budget& budget, double seconds_per_update,
                            double flops_per_update);

}  // namespace elm
