// The soma from its outline:
//   1. the open outline is walked in 100 equal steps of arc length; the mean of these 101 points is
//      the centre, their second moments have the axes: the long one is the eigenvector of the
//      largest eigenvalue, the short one that of the middle eigenvalue, laid into the xy plane;
//   2. the same points along the two axes, cut where the long coordinate is smallest and largest,
//      are two sides; each begins with one of these points and ends before the other;
//   3. the distance of the sides across 21 places along the long axis is the diameter there.

#include "neuron/cable/soma_contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <Eigen/Eigenvalues>

#include "kernels/core/check.h"

namespace elm::cable {
namespace {

using Vector = Eigen::Vector3d;

constexpr int walk_points = 101;

std::vector<Vector> equal_steps(const std::vector<Vector>& line) {
    std::vector<double> arc{0};
    for (std::size_t i = 1; i < line.size(); ++i) {
        arc.push_back(arc.back() + (line[i] - line[i - 1]).norm());
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

struct Axes {
    Vector centre, along, across;
};

Axes axes_of(const std::vector<Vector>& points) {
    Axes axes;
    axes.centre = Vector::Zero();
    for (const Vector& point : points) axes.centre += point;
    axes.centre /= static_cast<double>(points.size());
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
/// rises. Seen from the high end, a point that does not lie above the one before it is left out.
std::vector<PlanePoint> side(const std::vector<PlanePoint>& line, std::size_t first,
                             std::size_t last, bool reverse) {
    std::vector<PlanePoint> points;
    for (std::size_t i = first; i != last; i = (i + 1) % line.size()) points.push_back(line[i]);
    if (reverse) std::reverse(points.begin(), points.end());
    for (std::size_t before = 0; before != points.size();) {
        before = points.size();
        for (std::size_t i = points.size() - 1; i > 0; --i) {
            if (points[i].along > points[i - 1].along) continue;
            points.erase(points.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    return points;
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
    if (contour.size() < 3) {
        throw Error(ErrorKind::data,
                    fmt::format("the outline of the soma has {} points; expected three or more",
                                contour.size()));
    }
    std::vector<Vector> outline;
    for (const MorphologyPoint& point : contour) outline.emplace_back(point.x, point.y, point.z);
    const std::vector<Vector> walk = equal_steps(outline);
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

}  // namespace elm::cable
