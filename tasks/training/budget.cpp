#include "tasks/training/budget.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/core/check.h"

namespace elm {

Budget parse_budget(const std::string& text) {
    char* end = nullptr;
    const double amount = std::strtod(text.c_str(), &end);
    const std::string unit = end;
    const bool known = unit == "s" || unit == "m" || unit == "h" || unit == "u" || unit == "f";
    ELM_CHECK(end != text.c_str() && known && std::isfinite(amount) && amount > 0,
              "--budget {}: expected a number above 0 with a unit: 10m, 200s or 2h of time, 5000u "
              "updates, 1e15f floating-point operations",
              text);
    if (unit == "u") {
        ELM_CHECK(amount == std::floor(amount) && amount < 1e15,
                  "--budget {}: expected a whole number of updates", text);
        return {Budget::Unit::updates, amount};
    }
    if (unit == "f") return {Budget::Unit::flops, amount};
    return {Budget::Unit::seconds, amount * (unit == "h" ? 3600 : unit == "m" ? 60 : 1)};
}

std::int64_t updates_within(const Budget& budget, double seconds_per_update,
                            double flops_per_update) {
    const double count = budget.unit == Budget::Unit::updates   ? budget.amount
                         : budget.unit == Budget::Unit::seconds ? budget.amount / seconds_per_update
                                                                : budget.amount / flops_per_update;
    ELM_CHECK(std::isfinite(count) && count < 1e15, "--budget: this is {} updates", count);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(count));
}

}  // namespace elm
