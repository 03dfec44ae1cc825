#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/lra/pathfinder/pathfinder.h"

namespace elm::test {

/// Quantities of a Pathfinder image, in the order of `pathfinder_quantities`; NaN where it has
/// none.
std::vector<double> measure_pathfinder(const PathfinderGenerator& generator,
                                       const PathfinderSample& sample);
inline const std::vector<std::string> pathfinder_quantities = {"mean_grey",
                                                               "fraction_above_0",
                                                               "fraction_above_12",
                                                               "fraction_above_63",
                                                               "fraction_above_127",
                                                               "fraction_above_191",
                                                               "fraction_equal_255",
                                                               "pixel_sd",
                                                               "marker_distance",
                                                               "marker_distance_label0",
                                                               "marker_distance_label1",
                                                               "target_length_px",
                                                               "target_end_to_end_px",
                                                               "target_turn_deg",
                                                               "distractors_placed",
                                                               "attempts",
                                                               "seed_failures",
                                                               "distractor_tries",
                                                               "raw_maximum"};

/// Means and their standard errors over images first .. first + count - 1 of a seed.
struct PathfinderStatistics {
    std::vector<double> mean, standard_error;
};
PathfinderStatistics pathfinder_statistics(const PathfinderGenerator& generator, std::uint64_t seed,
                                           std::int64_t count);

}  // namespace elm::test
