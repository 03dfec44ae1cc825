#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elm::test {

/// Every count within 4.5 standard deviations of what is expected.
inline void expect_counts(const std::vector<double>& counts, const std::vector<double>& probability,
                          const std::string& name) {
    const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
    for (std::size_t k = 0; k < counts.size(); ++k) {
        const double p = probability[k];
        EXPECT_NEAR(counts[k], n * p, 4.5 * std::sqrt(n * p * (1 - p)) + 1e-9) << name << ' ' << k;
    }
}

inline std::vector<double> uniform(std::size_t count) {
    return std::vector<double>(count, 1 / static_cast<double>(count));
}

}  // namespace elm::test
