#include "tasks/attention_benchmark/shape_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace elm {
namespace {

constexpr double margin = 1e-6;  // a point is inside of a part by more than this

class Builder {
public:
    explicit Builder(SampleDraws& draws) : draws_(draws) {}

    double size(double low, double high) { return draws_.uniform(low, high); }
    void add(PartForm form, Point centre, Point half) { parts.push_back({form, centre, half}); }
    /// The same on the other side of the first axis.
    void add_pair(PartForm form, Point centre, Point half) {
        add(form, centre, half);
        add(form, {-centre[0], centre[1], centre[2]}, half);
    }
    /// One in each corner.
    void add_four(PartForm form, Point centre, Point half) {
        add_pair(form, centre, half);
        add_pair(form, {centre[0], -centre[1], centre[2]}, half);
    }

    std::vector<ShapePart> parts;

private:
    SampleDraws& draws_;
};

void airplane(Builder& to) {
    const double body = to.size(0.7, 1), wide = to.size(0.08, 0.14), wing = to.size(0.5, 0.9);
    to.add(PartForm::ellipsoid, {0, 0, 0}, {wide, body, wide});
    to.add_pair(PartForm::box, {wing / 2, to.size(-0.1, 0.2), 0}, {wing / 2, 0.12, 0.02});
    to.add_pair(PartForm::box, {wing / 5, -0.85 * body, 0}, {wing / 5, 0.07, 0.02});
    to.add(PartForm::box, {0, -0.85 * body, 0.15}, {0.02, 0.08, 0.15});
}
void cabinet(Builder& to) {
    const double x = to.size(0.3, 0.7), y = to.size(0.2, 0.4), z = to.size(0.4, 0.9);
    to.add(PartForm::box, {0, 0, 0}, {x, y, z});
    to.add_pair(PartForm::box, {0.08, y + 0.03, 0}, {0.02, 0.03, to.size(0.05, 0.2)});
}
void car(Builder& to) {
    const double x = to.size(0.35, 0.45), y = to.size(0.8, 1), z = to.size(0.12, 0.2);
    to.add(PartForm::box, {0, 0, 0}, {x, y, z});
    to.add(PartForm::ellipsoid, {0, to.size(-0.15, 0.1), z},
           {0.9 * x, 0.55 * y, to.size(0.2, 0.3)});
    to.add_four(PartForm::ellipsoid, {x, 0.6 * y, -z}, {0.06, 0.17, 0.17});
}
void chair(Builder& to) {
    const double x = to.size(0.35, 0.5), z = to.size(0.3, 0.5);
    to.add(PartForm::box, {0, 0, 0}, {x, x, 0.05});
    to.add(PartForm::box, {0, -x, z}, {x, 0.05, z});
    to.add_four(PartForm::cylinder, {0.85 * x, 0.85 * x, -z}, {0.05, 0.05, z});
}
void lamp(Builder& to) {
    const double z = to.size(0.5, 0.9);
    to.add(PartForm::cylinder, {0, 0, -z}, {to.size(0.2, 0.35), 0.25, 0.04});
    to.parts.back().half[1] = to.parts.back().half[0];
    to.add(PartForm::cylinder, {0, 0, 0}, {0.04, 0.04, z});
    const double shade = to.size(0.25, 0.45);
    to.add(PartForm::cone, {0, 0, z}, {shade, shade, to.size(0.15, 0.3)});
}
void sofa(Builder& to) {
    const double x = to.size(0.7, 1), y = to.size(0.3, 0.4), z = to.size(0.12, 0.2);
    to.add(PartForm::box, {0, 0, 0}, {x, y, z});
    to.add(PartForm::box, {0, -y, z + 0.15}, {x, 0.1, 0.25});
    to.add_pair(PartForm::box, {x, 0, 0.12}, {0.1, y, z + 0.12});
}
void table(Builder& to) {
    const double x = to.size(0.5, 0.9), y = to.size(0.3, 0.6), z = to.size(0.25, 0.45);
    to.add(PartForm::box, {0, 0, z}, {x, y, 0.04});
    to.add_four(PartForm::box, {0.9 * x, 0.9 * y, 0}, {0.05, 0.05, z});
}
void watercraft(Builder& to) {
    const double y = to.size(0.8, 1), x = to.size(0.2, 0.35), z = to.size(0.1, 0.2);
    to.add(PartForm::ellipsoid, {0, 0, 0}, {x, y, z});
    to.add(PartForm::box, {0, to.size(-0.3, 0.1), z}, {0.6 * x, 0.2, 0.15});
    to.add(PartForm::cylinder, {0, to.size(0, 0.3), 0.5}, {0.03, 0.03, to.size(0.3, 0.5)});
}

constexpr std::array<void (*)(Builder&), n_shape_kinds> builders{
    airplane, cabinet, car, chair, lamp, sofa, table, watercraft};

bool is_inside(const ShapePart& part, const Point& point) {
    Point at{};
    for (std::size_t k = 0; k < at.size(); ++k) {
        at[k] = (point[k] - part.centre[k]) / part.half[k];
    }
    const double round = at[0] * at[0] + at[1] * at[1];
    switch (part.form) {
        case PartForm::box:
            return std::max({std::abs(at[0]), std::abs(at[1]), std::abs(at[2])}) < 1 - margin;
        case PartForm::cylinder:
            return std::sqrt(round) < 1 - margin && std::abs(at[2]) < 1 - margin;
        case PartForm::cone:
            return std::abs(at[2]) < 1 - margin && std::sqrt(round) < (1 - at[2]) / 2 - margin;
        case PartForm::ellipsoid:
            break;
    }
    return round + at[2] * at[2] < 1 - margin;
}

/// Areas of what a part consists of: six faces; a mantle and lids; of an ellipsoid about the whole
/// (Thomsen's formula, within 1.1 %).
std::vector<double> areas_of(const ShapePart& part) {
    const auto& [x, y, z] = part.half;
    const double pi = std::numbers::pi;
    switch (part.form) {
        case PartForm::box:
            return {4 * y * z, 4 * y * z, 4 * x * z, 4 * x * z, 4 * x * y, 4 * x * y};
        case PartForm::cylinder:
            return {4 * pi * x * z, pi * x * y, pi * x * y};
        case PartForm::cone:
            return {pi * x * std::sqrt(x * x + 4 * z * z), pi * x * y};
        case PartForm::ellipsoid:
            break;
    }
    constexpr double p = 1.6075;
    const double mean = (std::pow(x * y, p) + std::pow(x * z, p) + std::pow(y * z, p)) / 3;
    return {4 * pi * std::pow(mean, 1 / p)};
}

/// A point of a piece of the unit form. Of an ellipsoid the stretching of areas is put right by
/// rejection.
Point unit_point(const ShapePart& part, std::size_t piece, SampleDraws& draws) {
    if (part.form == PartForm::box) {
        Point at{draws.uniform(-1, 1), draws.uniform(-1, 1), draws.uniform(-1, 1)};
        at[piece / 2] = piece % 2 == 0 ? -1 : 1;
        return at;
    }
    if (part.form == PartForm::ellipsoid) {
        const auto& [x, y, z] = part.half;
        const double most = std::max({y * z, x * z, x * y});
        for (;;) {
            const Point at = draw_direction(draws);
            const double a = y * z * at[0], b = x * z * at[1], c = x * y * at[2];
            if (draws.with_probability(std::sqrt(a * a + b * b + c * c) / most)) return at;
        }
    }
    const double angle = draws.uniform(0, 2 * std::numbers::pi), share = draws.uniform();
    double radius = 1, height = 2 * share - 1;
    if (part.form == PartForm::cone && piece == 0) {
        radius = std::sqrt(share);
        height = 1 - 2 * radius;
    } else if (piece > 0) {
        radius = std::sqrt(share);
        height = piece == 1 ? -1 : 1;
    }
    return {radius * std::cos(angle), radius * std::sin(angle), height};
}

}  // namespace

std::vector<ShapePart> draw_parts(int kind, SampleDraws& draws) {
    Builder builder(draws);
    builders[static_cast<std::size_t>(kind)](builder);
    return std::move(builder.parts);
}

Point draw_direction(SampleDraws& draws) {
    const double z = draws.uniform(-1, 1), angle = draws.uniform(0, 2 * std::numbers::pi);
    const double r = std::sqrt(1 - z * z);
    return {r * std::cos(angle), r * std::sin(angle), z};
}

std::vector<Point> surface_points(const std::vector<ShapePart>& parts, std::int64_t count,
                                  SampleDraws& draws) {
    std::vector<double> areas;
    std::vector<std::array<std::size_t, 2>> pieces;
    for (std::size_t k = 0; k < parts.size(); ++k) {
        const std::vector<double> own = areas_of(parts[k]);
        for (std::size_t piece = 0; piece < own.size(); ++piece) {
            areas.push_back(own[piece]);
            pieces.push_back({k, piece});
        }
    }
    std::vector<Point> points;
    while (std::ssize(points) < count) {
        const auto& [k, piece] = pieces[draws.choice(areas)];
        const ShapePart& own = parts[k];
        Point point = unit_point(own, piece, draws);
        for (std::size_t axis = 0; axis < point.size(); ++axis) {
            point[axis] = own.centre[axis] + own.half[axis] * point[axis];
        }
        const bool hidden = std::any_of(parts.begin(), parts.end(), [&](const ShapePart& other) {
            return &other != &own && is_inside(other, point);
        });
        if (!hidden) points.push_back(point);
    }
    return points;
}

}  // namespace elm
