#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tasks/attention_benchmark/sample_draws.h"

/// What made-up objects are put together from.
namespace elm {

using Point = std::array<double, 3>;

enum class PartForm : std::uint8_t { box, cylinder, cone, ellipsoid };

/// Half extents around a centre; cylinders and cones stand along the third axis.
struct ShapePart {
    PartForm form = PartForm::box;
    Point centre{}, half{};
};

inline constexpr int n_shape_kinds = 8;

/// Parts of an object of a kind, 0 .. 7 (airplane, cabinet, car, chair, lamp, sofa, table,
/// watercraft), of random sizes.
std::vector<ShapePart> draw_parts(int kind, SampleDraws& draws);

/// Points that are uniform on what of the surfaces lies outside of all other parts.
std::vector<Point> surface_points(const std::vector<ShapePart>& parts, std::int64_t count,
                                  SampleDraws& draws);

/// A direction, uniform on the sphere.
Point draw_direction(SampleDraws& draws);

}  // namespace elm
