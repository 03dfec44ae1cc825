#pragma once

#include <cstdint>
#include <vector>

#include "tasks/comparison/statistics/ratings.h"

namespace elm {

/// Whether one strength for each model explains who beats whom.
struct Transitivity {
    double chi_squared = 0;  // fit_of()
    double p = 1;            // of as much or more, were there one strength each
};

/// The null distribution of chi-squared is that of samples drawn anew, of what the shares of games
/// won then differ from the strengths, less what they differ by in fact: pairs share samples, so
/// chi-squared's own is too narrow or too wide. First runs of the contestants only. Throws as
/// rate().
Transitivity transitivity(const std::vector<Contestant>& contestants, Judge judge,
                          const RatingOptions& options);

}  // namespace elm
