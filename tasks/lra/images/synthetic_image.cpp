#include "tasks/lra/images/synthetic_image.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/core/random/normal_number.h"
#include "kernels/core/support/check.h"
#include "tasks/data/sample_random.h"

namespace elm {
namespace {

constexpr int size = synthetic_image_size;
constexpr std::array<std::string_view, synthetic_image_classes> names = {
    "disc", "ring", "square", "triangle", "plus", "bar", "crescent", "corner", "dumbbell", "star"};

struct Point {
    double x, y;
};

double box(const Point& at, const Point& centre, const Point& half) {
    return std::max(std::fabs(at.x - centre.x) - half.x, std::fabs(at.y - centre.y) - half.y);
}
double circle(const Point& at, const Point& centre, double radius) {
    return std::hypot(at.x - centre.x, at.y - centre.y) - radius;
}

/// A regular polygon with a corner on the x axis: how far beyond its nearest edge.
double polygon(const Point& at, int corners, double edge_distance) {
    const double sector = 2 * std::numbers::pi / corners;
    const double angle = std::atan2(at.y, at.x) / sector;
    const double within = (angle - std::floor(angle) - 0.5) * sector;
    return std::hypot(at.x, at.y) * std::cos(within) - edge_distance;
}

/// A star of five: straight edges between corners at 1 and dents at 0.42.
double star(const Point& at) {
    constexpr double dent = 0.42, sector = 2 * std::numbers::pi / 5;
    const double turns = std::atan2(at.y, at.x) / sector;
    const double within = std::fabs(turns - std::nearbyint(turns)) * sector;
    const double radius = std::hypot(at.x, at.y);
    const Point folded{radius * std::cos(within), radius * std::sin(within)};
    const Point inner{dent * std::cos(sector / 2), dent * std::sin(sector / 2)};
    // Beyond the edge from (1, 0) to the dent.
    const Point along{inner.x - 1, inner.y};
    return ((folded.x - 1) * along.y - folded.y * along.x) / std::hypot(along.x, along.y) *
           (along.y > 0 ? 1 : -1);
}

/// Below 0 inside the shape; near its edge about the distance from it. All fit into the circle of
/// radius 1.
double beyond(int shape, const Point& at) {
    switch (shape) {
        case 0:
            return circle(at, {0, 0}, 1);
        case 1:
            return std::max(circle(at, {0, 0}, 1), -circle(at, {0, 0}, 0.6));
        case 2:
            return box(at, {0, 0}, {0.7, 0.7});
        case 3:
            return polygon(at, 3, 0.5);
        case 4:
            return std::min(box(at, {0, 0}, {0.95, 0.3}), box(at, {0, 0}, {0.3, 0.95}));
        case 5:
            return box(at, {0, 0}, {0.97, 0.24});
        case 6:
            return std::max(circle(at, {0, 0}, 1), -circle(at, {0.55, 0}, 0.8));
        case 7:
            return std::min(box(at, {-0.45, 0}, {0.25, 0.7}), box(at, {0, 0.45}, {0.7, 0.25}));
        case 8:
            return std::min({circle(at, {-0.6, 0}, 0.4), circle(at, {0.6, 0}, 0.4),
                             box(at, {0, 0}, {0.6, 0.13})});
        default:
            return star(at);
    }
}

/// Area of a shape of radius 1, by counting points of a grid.
double unit_area(int shape) {
    constexpr int n = 400;
    int inside = 0;
    for (int row = 0; row < n; ++row) {
        for (int column = 0; column < n; ++column) {
            const Point at{2 * (column + 0.5) / n - 1, 2 * (row + 0.5) / n - 1};
            inside += beyond(shape, at) < 0;
        }
    }
    return 4.0 * inside / (n * n);
}

const std::array<double, synthetic_image_classes>& unit_areas() {
    static const std::array<double, synthetic_image_classes> areas = [] {
        std::array<double, synthetic_image_classes> all;
        for (int shape = 0; shape < synthetic_image_classes; ++shape) {
            all[static_cast<std::size_t>(shape)] = unit_area(shape);
        }
        return all;
    }();
    return areas;
}

double between(SampleRandom& random, double low, double high) {
    return low + (high - low) * random.uniform();
}

/// Stripes in any direction.
struct Stripes {
    double x, y, phase, amplitude;

    explicit Stripes(SampleRandom& random) {
        const double angle = between(random, 0, 2 * std::numbers::pi);
        const double frequency = 2 * std::numbers::pi / between(random, 3, 9);
        x = frequency * std::cos(angle);
        y = frequency * std::sin(angle);
        phase = between(random, 0, 2 * std::numbers::pi);
        amplitude = between(random, 0, 12);
    }
    double at(double column, double row) const {
        return amplitude * std::sin(x * column + y * row + phase);
    }
};

/// A grey level that differs from another one by at least 50 within 20 .. 235.
double contrasting(SampleRandom& random, double background) {
    constexpr double darkest = 20, brightest = 235;
    const bool brighter = random.below(2) == 1;
    const double room = brighter ? brightest - background : background - darkest;
    const double difference = between(random, 50, std::min(110.0, room));
    return brighter ? background + difference : background - difference;
}

double normal(SampleRandom& random) {
    const double first = 1 - random.uniform();
    return normal_number(first, random.uniform());
}

}  // namespace

std::span<const std::string_view> synthetic_image_names() { return names; }

int fill_synthetic_image(std::uint64_t seed, std::uint64_t index, std::span<std::uint8_t> image) {
    ELM_CHECK(image.size() == synthetic_image_pixels,
              "synthetic image: room for {} pixels, expected {}.", image.size(),
              synthetic_image_pixels);
    SampleRandom random(seed, index, "synthetic image");
    const int shape = random.below(synthetic_image_classes);
    const double radius =
        std::sqrt(between(random, 110, 200) / unit_areas()[static_cast<std::size_t>(shape)]);
    const double margin = std::min(radius, size / 2.0);
    const Point centre{between(random, margin, size - margin),
                       between(random, margin, size - margin)};
    const double angle = between(random, 0, 2 * std::numbers::pi);
    const double cosine = std::cos(angle) / radius, sine = std::sin(angle) / radius;

    const double background = between(random, 70, 185);
    const double foreground = contrasting(random, background);
    const Stripes behind(random), on_it(random);
    const double slope = between(random, 0, 1);
    const double slope_angle = between(random, 0, 2 * std::numbers::pi);
    const double slope_x = slope * std::cos(slope_angle), slope_y = slope * std::sin(slope_angle);
    const double noise = between(random, 2, 9);

    for (int row = 0; row < size; ++row) {
        for (int column = 0; column < size; ++column) {
            const double x = column + 0.5 - centre.x, y = row + 0.5 - centre.y;
            const double edge =
                radius * beyond(shape, {cosine * x + sine * y, cosine * y - sine * x});
            const double covered = std::clamp(0.5 - edge, 0.0, 1.0);
            const double ramp = slope_x * (column - size / 2) + slope_y * (row - size / 2);
            const double grey = (1 - covered) * (background + ramp + behind.at(column, row)) +
                                covered * (foreground + on_it.at(column, row)) +
                                noise * normal(random);
            image[static_cast<std::size_t>(row * size + column)] =
                static_cast<std::uint8_t>(std::clamp(grey + 0.5, 0.0, 255.0));
        }
    }
    return shape;
}

}  // namespace elm
