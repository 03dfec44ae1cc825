// The soma from its outline:
//   1. the open outline is walked in 100 steps that are equal seen from above, in the xy plane; the
//      mean of these 101 points is the centre, their second moments have the axes: the long one is
//      the eigenvector of the largest eigenvalue, the short one that of the middle eigenvalue, laid
//      into the xy plane;
//   2. the same points along the two axes, cut where the long coordinate is smallest and largest,
//      are two sides; each begins with one of these points and ends before the other;
//   3. the distance of the sides across 21 places along the long axis is the diameter there.

#include "neuron/cable/shape/soma_contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include <Eigen/Eigenvalues>

#include "kernels/core/support/check.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {
namespace {

using Vector = Eigen::Vector3d;

constexpr int walk_points = 101;

std::vector<Vector> equal_steps(const std::vector<MorphologyPoint>& contour) {
    if (contour.size() < 3) {
        throw Error(ErrorKind::data,
                    fmt::format("the outline of the soma has {} points; expected three or more",
                                contour.size()));
    }
    std::vector<Vector> line;
    for (const MorphologyPoint& point : contour) line.emplace_back(point.x, point.y, point.z);
    std::vector<double> arc{0};
    for (std::size_t i = 1; i < line.size(); ++i) {
        arc.push_back(arc.back() + (line[i] - line[i - 1]).head<2>().norm());
    }
    std::vector<Vector> points;
    std::size_t at = 1;
    for (int k = 0; k < walk_points; ++k) {
        const double place = arc.back() * k / (walk_points - 1);
        while (at + 1 < line.size() && arc[at] < place) ++at;
        const double step = arc[at] - arc[at - 1];
        const double share = step > 0 ? std::min(1.0, (place - arc[at - 1]) / step) : 0.0;
        points.emplace_back(line[at - 1] + share * (line[at] - line[at - 1]));
    }
    return points;
}

Vector mean_of(const std::vector<Vector>& points) {
    Vector sum = Vector::Zero();
    for (const Vector& point : points) sum += point;
    return sum / static_cast<double>(points.size());
}

struct Axes {
    Vector centre, along, across;
};

Axes axes_of(const std::vector<Vector>& points) {
    Axes axes;
    axes.centre = mean_of(points);
    Eigen::Matrix3d moments = Eigen::Matrix3d::Zero();
    for (const Vector& point : points) {
        moments += (point - axes.centre) * (point - axes.centre).transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(moments);  // smallest first
    axes.along = solver.eigenvectors().col(2);
    axes.across = solver.eigenvectors().col(1);
    axes.across.z() = 0;
    if (!(axes.across.norm() > 0)) {
        throw Error(ErrorKind::data, "the outline of the soma has no width in the xy plane");
    }
    axes.across.normalize();
    // The sign of an eigenvector is free: the largest component is positive.
    Eigen::Index largest = 0;
    axes.along.cwiseAbs().maxCoeff(&largest);
    if (axes.along[largest] < 0) axes.along = -axes.along;
    return axes;
}

/// A point in the plane of the axes.
struct PlanePoint {
    double along, across;
};

/// From `first` to the point before `last` of a closed line, ordered so that the long coordinate
/// rises; a point that does not lie above all before it is left out.
std::vector<PlanePoint> side(const std::vector<PlanePoint>& line, std::size_t first,
                             std::size_t last, bool reverse) {
    std::vector<PlanePoint> points, rising;
    for (std::size_t i = first; i != last; i = (i + 1) % line.size()) points.push_back(line[i]);
    if (reverse) std::reverse(points.begin(), points.end());
    for (const PlanePoint& point : points) {
        if (rising.empty() || point.along > rising.back().along) rising.push_back(point);
    }
    return rising;
}

double across_at(const std::vector<PlanePoint>& line, double along) {
    if (along <= line.front().along) return line.front().across;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (along <= line[i].along) {
            const PlanePoint &a = line[i - 1], &b = line[i];
            return a.across + (along - a.along) / (b.along - a.along) * (b.across - a.across);
        }
    }
    return line.back().across;
}

}  // namespace

std::vector<MorphologyPoint> soma_from_contour(const std::vector<MorphologyPoint>& contour) {
    const std::vector<Vector> walk = equal_steps(contour);
    const Axes axes = axes_of(walk);

    std::vector<PlanePoint> line;
    for (const Vector& point : walk) {
        const Vector from_centre = point - axes.centre;
        line.push_back({axes.along.dot(from_centre), axes.across.dot(from_centre)});
    }
    const auto below = [](const PlanePoint& a, const PlanePoint& b) { return a.along < b.along; };
    const auto lowest =
        static_cast<std::size_t>(std::min_element(line.begin(), line.end(), below) - line.begin());
    const auto highest =
        static_cast<std::size_t>(std::max_element(line.begin(), line.end(), below) - line.begin());
    if (!(line[highest].along > line[lowest].along)) {
        throw Error(ErrorKind::data, "the outline of the soma has no length");
    }
    const std::array sides{side(line, highest, lowest, true), side(line, lowest, highest, false)};

    std::vector<double> places;
    for (const auto& points : sides) {
        for (const PlanePoint& point : points) places.push_back(point.along);
    }
    std::sort(places.begin(), places.end());
    const double low = places[1], high = places[places.size() - 2];
    std::vector<MorphologyPoint> soma;
    for (int k = 0; k < soma_points; ++k) {
        const double along = low + (high - low) * k / (soma_points - 1);
        const Vector place = axes.centre + along * axes.along;
        soma.push_back({place.x(), place.y(), place.z(),
                        std::abs(across_at(sides[0], along) - across_at(sides[1], along))});
    }
    soma.front().diameter = (soma[0].diameter + soma[1].diameter) / 2;
    soma.back().diameter = (soma[soma.size() - 1].diameter + soma[soma.size() - 2].diameter) / 2;
    if (std::any_of(soma.begin(), soma.end(),
                    [](const MorphologyPoint& point) { return !(point.diameter > 0); })) {
        throw Error(ErrorKind::data, "the outline of the soma has no width");
    }
    return soma;
}

std::vector<MorphologyPoint> soma_from_stack(
    const std::vector<std::vector<MorphologyPoint>>& contours) {
    std::vector<MorphologyPoint> soma;
    for (const std::vector<MorphologyPoint>& contour : contours) {
        const std::vector<Vector> walk = equal_steps(contour);
        const Vector centre = mean_of(walk);
        double distance = 0, perimeter = 0;
        for (const Vector& point : walk) distance += (point - centre).norm();
        for (std::size_t i = 0; i < contour.size(); ++i) {
            const MorphologyPoint &a = contour[i], &b = contour[(i + 1) % contour.size()];
            perimeter += std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        }
        const double diameter =
            distance / static_cast<double>(walk.size()) + perimeter / (2 * std::numbers::pi);
        soma.push_back({centre.x(), centre.y(), centre.z(), diameter});
    }
    if (std::all_of(soma.begin(), soma.end(), [&](const MorphologyPoint& point) {
            return same_place(point, soma.front());
        })) {
        throw Error(ErrorKind::data, "the outlines of the soma have one centre: keep one of them");
    }
    return soma;
}

}  // namespace elm::cable
