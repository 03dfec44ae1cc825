#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "tasks/report/plot.h"

namespace elm {

/// One comparison: what was measured, and how large it may be (or `at_least`: how small).
struct Check {
    std::string family, name;
    double measured = 0;
    double allowed = 0;
    std::string unit;
    bool at_least = false;
    std::string note = {};

    bool passed() const { return at_least ? measured >= allowed : measured <= allowed; }
};

/// A picture of what a family of checks looked at.
struct FamilyFigure {
    std::string family;
    Figure figure;
};

/// Findings of a validation.
struct ValidationReport {
    std::vector<Check> checks;
    std::vector<FamilyFigure> figures;
    std::vector<std::string> skipped;  // family and reason

    void add(Check check) { checks.push_back(std::move(check)); }
    bool passed() const;
};

/// The larger of a deviation and the worst so far; one that is not a number stays the worst.
inline double worse(double worst, double off) {
    return std::isnan(worst) || off <= worst ? worst : off;
}

/// Largest |a - b|, and the root of the mean square; infinity where one has more values.
double largest_difference(const std::vector<double>& a, const std::vector<double>& b);
double rms_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace elm
