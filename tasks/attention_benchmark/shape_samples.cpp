#include "tasks/attention_benchmark/shape_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"
#include "tasks/attention_benchmark/shape_parts.h"

namespace elm {
namespace {

// Cells so large that a surface of so many points leaves none of them empty, and how far behind the
// nearest point of a cell, as a share of the radius, another one may lie to be seen, too.
constexpr std::int64_t view_columns = 32, view_rows = 24, fewest_for_view = 4096;
constexpr double depth_of_view = 0.08;

double largest_radius(const std::vector<Point>& points) {
    double largest = 0;
    for (const auto& [x, y, z] : points) largest = std::max(largest, x * x + y * y + z * z);
    return std::sqrt(largest);
}

double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Point across(const Point& a, const Point& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// Points of which no other one is much nearer in their cell of a picture taken from a random side.
std::vector<Point> seen_points(const std::vector<Point>& points, SampleDraws& draws) {
    const Point towards = draw_direction(draws);
    Point right = across(towards, std::abs(towards[2]) < 0.9 ? Point{0, 0, 1} : Point{1, 0, 0});
    const double length = std::sqrt(dot(right, right));
    for (double& value : right) value /= length;
    const Point up = across(right, towards);
    const double radius = largest_radius(points);
    const auto along = [&](const Point& axis, const Point& point, std::int64_t cells) {
        const double share = (dot(point, axis) / radius + 1) / 2;
        return std::clamp(static_cast<std::int64_t>(share * static_cast<double>(cells)),
                          std::int64_t{0}, cells - 1);
    };
    const auto cell = [&](const Point& point) {
        return static_cast<std::size_t>(along(up, point, view_rows) * view_columns +
                                        along(right, point, view_columns));
    };
    std::vector<double> nearest(static_cast<std::size_t>(view_rows * view_columns), -radius);
    for (const Point& point : points) {
        double& own = nearest[cell(point)];
        own = std::max(own, dot(point, towards));
    }
    std::vector<Point> seen;
    for (const Point& point : points) {
        if (dot(point, towards) >= nearest[cell(point)] - depth_of_view * radius) {
            seen.push_back(point);
        }
    }
    return seen;
}

std::vector<double> flat(const std::vector<Point>& points, std::int64_t count, double scale) {
    std::vector<double> values;
    for (std::int64_t k = 0; k < count; ++k) {
        for (const double value : points[static_cast<std::size_t>(k)]) {
            values.push_back(scale * value);
        }
    }
    return values;
}

}  // namespace

ShapeSample make_shape(std::int64_t seen, std::int64_t points, std::uint64_t seed,
                       std::uint64_t index) {
    ELM_CHECK(seen >= 8 && points >= 8,
              "a cloud of {} points of which {} are seen: expected 8 or "
              "more.",
              points, seen);
    SampleDraws draws(seed, index, "pcc-syn 1");
    ShapeSample sample{
        .kind = draws.below(n_shape_kinds), .partial = {}, .complete = {}, .another = {}};
    const std::vector<ShapePart> parts = draw_parts(sample.kind, draws);
    const auto complete = surface_points(parts, points, draws);
    const auto another = surface_points(parts, points, draws);
    const auto dense = surface_points(parts, std::max(points, fewest_for_view), draws);
    const double scale = 0.5 / largest_radius(dense);
    std::vector<Point> partial = seen_points(dense, draws);
    draws.shuffle(std::span(partial));
    const std::size_t found = partial.size();
    for (std::size_t k = 0; std::ssize(partial) < seen; ++k) partial.push_back(partial[k % found]);
    sample.partial = flat(partial, seen, scale);
    sample.complete = flat(complete, points, scale);
    sample.another = flat(another, points, scale);
    return sample;
}

std::vector<std::int64_t> farthest_points(const std::vector<double>& cloud, std::int64_t count) {
    const std::size_t n = cloud.size() / 3;
    ELM_CHECK(count >= 1 && count <= static_cast<std::int64_t>(n),
              "{} of {} points: expected 1 or more, and no more than there are.", count, n);
    std::vector<double> distance(n, std::numeric_limits<double>::infinity());
    std::vector<std::int64_t> chosen{0};
    while (std::ssize(chosen) < count) {
        const auto last = static_cast<std::size_t>(chosen.back());
        for (std::size_t k = 0; k < n; ++k) {
            double squared = 0;
            for (std::size_t axis = 0; axis < 3; ++axis) {
                const double d = cloud[3 * k + axis] - cloud[3 * last + axis];
                squared += d * d;
            }
            distance[k] = std::min(distance[k], squared);
        }
        chosen.push_back(std::max_element(distance.begin(), distance.end()) - distance.begin());
    }
    return chosen;
}

}  // namespace elm
