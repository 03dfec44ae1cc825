#include "tasks/validation/check.h"

#include <algorithm>
#include <cmath>

namespace elm {

bool ValidationReport::passed() const {
    return std::all_of(checks.begin(), checks.end(),
                       [](const Check& check) { return check.passed(); });
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double worst = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double off = std::abs(a[i] - b[i]);
        if (!(off <= worst)) worst = off;  // NaN counts
    }
    return worst;
}

double rms_difference(const std::vector<double>& a, const std::vector<double>& b) {
    const std::size_t count = std::min(a.size(), b.size());
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

}  // namespace elm
