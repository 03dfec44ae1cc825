#pragma once

#include <optional>
#include <string_view>

#include "tasks/sets/set_statistics.h"

namespace elm {

/// Statistics of images of the published generator.
struct PathfinderReference {
    ReferenceValue mean_grey, pixel_sd;                  // grey levels 0 .. 255
    ReferenceValue above_0, above_127, equal_255;        // shares of the pixels
    ReferenceValue distractors_placed, marker_distance;  // distance in px
};

/// None for a size or difficulty that was not measured. Source: runs of the public generator of
/// Linsley et al. 2018, arXiv 1805.08315 (commit ab9c130), with the parameters of Tay et al. 2021,
/// arXiv 2011.04006: 88 to 862 images a set.
std::optional<PathfinderReference> pathfinder_reference(int size, std::string_view difficulty);

}  // namespace elm
