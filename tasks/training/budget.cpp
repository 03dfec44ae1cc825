#include "tasks/training/budget.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/core/support/check.h"

namespace elm {

Budget parse_budget(const std::string& text) {
    char* end = nullptr;
    const double amount = std::strtod(text.c_str(), &end);
    const std::string unit = end;
    const bool known =
        unit == "s" || unit == "m" || unit == "h" || unit == "u" || unit == "n" || unit == "f";
    ELM_CHECK(
        end != text.c_str() && known && std::isfinite(amount) && amount > 0,
        "a budget of {}: expected a number above 0 with a unit: 10m, 200s or 2h of time, 5000u "
        "updates, 80000n samples, 1e15f floating-point operations",
        text);
    if (unit == "u" || unit == "n") {
        ELM_CHECK(amount == std::floor(amount) && amount < 1e15,
                  "a budget of {}: expected a whole number of {}", text,
                  unit == "u" ? "updates" : "samples");
        return {unit == "u" ? Budget::Unit::updates : Budget::Unit::samples, amount};
    }
    if (unit == "f") return {Budget::Unit::flops, amount};
    return {Budget::Unit::seconds, amount * (unit == "h" ? 3600 : unit == "m" ? 60 : 1)};
}

std::int64_t updates_within(const Budget& budget, const UpdateCost& update) {
    const double each = budget.unit == Budget::Unit::flops     ? update.flops
                        : budget.unit == Budget::Unit::samples ? update.samples
                                                               : 1;
    const double count = budget.amount / each;
    ELM_CHECK(std::isfinite(count) && count < 1e15, "a budget of {} updates is none", count);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(count));
}

}  // namespace elm
