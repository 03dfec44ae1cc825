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

/// How often each value occurs.
struct PathfinderHistograms {
    std::int64_t images = 0;
    std::vector<double> grey_sum = std::vector<double>(256);      // pixels of each grey level
    std::vector<double> grey_squares = std::vector<double>(256);  // of their number in an image
    std::vector<double> label = {}, margin = {}, distractors_placed = {};
    /// Of the first paddles of the first contour, and of distractors: degrees from -180 on.
    std::vector<double> seed_angle_first_target = {}, seed_angle_distractors = {};

    void add(const PathfinderGenerator& generator, const PathfinderSample& sample);
};

/// Means and their standard errors over images first .. first + count - 1 of a seed.
struct PathfinderStatistics {
    std::vector<double> mean, standard_error;
    PathfinderHistograms histograms;
};
PathfinderStatistics pathfinder_statistics(const PathfinderGenerator& generator, std::uint64_t seed,
                                           std::int64_t count);

}  // namespace elm::test
