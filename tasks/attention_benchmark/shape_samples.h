#pragma once

#include <cstdint>
#include <vector>

/// Made-up objects of eight classes, as clouds of points on their surface, and what is seen of them
/// from one side. An object is a union of boxes, cylinders, cones and ellipsoids of random sizes
/// with a mirror or a turn that maps it onto itself, so the hidden side follows from the seen one.
/// Stands for PCN in Zhang et al. 2023, arXiv 2210.07661. Clouds are (points, 3), within half a
/// unit of the origin.
namespace elm {

struct ShapeSample {
    int kind = 0;                  // 0 .. 7
    std::vector<double> partial;   // (seen, 3)
    std::vector<double> complete;  // (points, 3)
    std::vector<double> another;   // as many other points of the same surface
};

/// Throws Error{invalid} for fewer than 8 points of either kind.
ShapeSample make_shape(std::int64_t seen, std::int64_t points, std::uint64_t seed,
                       std::uint64_t index);

/// Numbers of `count` of the points, each the farthest from those before; the first is point 0.
std::vector<std::int64_t> farthest_points(const std::vector<double>& cloud, std::int64_t count);

}  // namespace elm
