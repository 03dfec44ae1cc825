#include "tasks/lra/pathfinder/pathfinder_tables.h"

#include <cmath>
#include <numbers>
#include <set>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm::pathfinder {
namespace {

constexpr int white = 255;

/// Two masks may overlap as long as they add to less than this. The published program holds stamps,
/// masks and images in single precision.
constexpr double most_overlap = 1.8;

/// A pixel is blocked for first paddles where the mask is above 0.3.
constexpr std::uint8_t most_seen = 76;
static_assert(most_seen / 255.0 <= 0.3 && (most_seen + 1) / 255.0 > 0.3);

/// For each value of a new mask: the largest value that it may fall on.
std::array<std::uint8_t, 256> overlap_limits() {
    std::array<std::uint8_t, 256> limit{};
    for (std::size_t value = 0; value < limit.size(); ++value) {
        std::size_t largest = white;
        while (static_cast<double>(stamp_value(value, 1) + stamp_value(largest, 1)) >=
               most_overlap) {
            --largest;
        }
        limit[value] = static_cast<std::uint8_t>(largest);
    }
    return limit;
}

template <class Value>
GreyLevels scaled_levels(double brightest, const Value& value) {
    GreyLevels grey;
    for (std::size_t level = 0; level < grey.size(); ++level) {
        const double scaled = value(level) * (white / brightest);
        grey[level] = static_cast<std::uint8_t>(std::min<double>(scaled, white) + 0.5);
    }
    return grey;
}

Vector along(double angle, double length) {
    return {length * std::sin(angle), length * std::cos(angle)};
}

double angle_between(double a, double b) {
    const double turn = std::fabs(std::remainder(a - b, 2 * std::numbers::pi));
    return std::min(turn, std::numbers::pi);
}

}  // namespace

float stamp_value(std::size_t level, double contrast) {
    return static_cast<float>(static_cast<double>(level) / white * contrast);
}

GreyLevels grey_levels(double contrast, double brightest) {
    return scaled_levels(brightest, [contrast](std::size_t level) {
        return static_cast<double>(stamp_value(level, contrast));
    });
}

GreyLevels marker_levels(double brightest) {
    return scaled_levels(brightest,
                         [](std::size_t level) { return static_cast<double>(level) / white; });
}

Shape shape_of(int window) {
    switch (window) {
        case 32:
            return {32, 1, 7, 2, 0.5, {1}, 1.0, 20, 1.5, 2 * 0.75, 2.0};
        case 64:
            return {64, 1, 12, 5, 1, {1}, 1.8, 22, 2.5, 0.8, 0.8};
        case 128:
            return {128, 1, 20, 5, 1.5, {2, 3}, 1.8, 35, 3, 0.9, 0.9};
        case 256:
            return {256, 22, 27, 5, 2, {3}, 1.8, 30, 5, 1.0, 1.0};
        default:
            break;
    }
    ELM_CHECK(false, "pathfinder images of {} px: expected a size of 32, 64, 128 or 256.", window);
    return {};
}

Block::Block(const Picture& picture, std::uint8_t fill) : half(picture.rows / 2) {
    ELM_ASSERT(picture.rows <= most_rows && picture.rows == picture.columns);
    bytes.fill(fill);
    for (int row = 0; row < picture.rows; ++row) {
        for (int column = 0; column < picture.columns; ++column) {
            at(row, column) = picture.at(row, column);
        }
    }
    last = picture.rows;
    set_rows(fill);
}

void Block::set_rows(std::uint8_t ignored) {
    const auto empty = [&](int row) {
        for (int column = 0; column < block_width; ++column) {
            if (at(row, column) != ignored) return false;
        }
        return true;
    };
    while (first < last && empty(first)) ++first;
    while (first < last && empty(last - 1)) --last;
}

Limits::Limits(const Picture& picture) {
    const int middle = picture.rows / 2;
    int last_row = -1, last_column = -1;
    row = picture.rows, column = picture.columns;
    const auto for_each = [&](const auto& body) {
        for (int y = 0; y < picture.rows; ++y) {
            for (int x = 0; x < picture.columns; ++x) {
                if (picture.at(y, x) != white) body(y, x);
            }
        }
    };
    for_each([&](int y, int x) {
        row = std::min(row, y), column = std::min(column, x);
        last_row = std::max(last_row, y), last_column = std::max(last_column, x);
    });
    rows = std::max(0, last_row - row + 1);
    ELM_ASSERT(rows <= width && last_column - column < width);
    bytes.fill(white);
    for_each([&](int y, int x) {
        bytes[static_cast<std::size_t>((y - row) * width + x - column)] = picture.at(y, x);
    });
    row -= middle, column -= middle;
}

void Direction::index_choices() {
    ELM_ASSERT(choices.size() <= 256);
    std::size_t choice = 0;
    for (int part = 0; part < near_count; ++part) {
        while (choices[choice].running <= static_cast<double>(part) / near_count) ++choice;
        near_[static_cast<std::size_t>(part)] = static_cast<std::uint8_t>(choice);
    }
}

Tables::Tables(const Shape& of_window, int of_margin) : shape(of_window), margin(of_margin) {
    for (std::size_t value = 0; value < free.size(); ++value) {
        free[value] = 1 - static_cast<double>(stamp_value(value, 1));
    }
    make_empty_mask();
    make_disc();
    make_candidates();
    directions.resize(static_cast<std::size_t>(degree_count) + candidates.size());
    for (std::size_t at = 0; at < directions.size(); ++at) {
        Direction& one = directions[at];
        if (at < degree_count) {
            one.angle = (static_cast<int>(at) - degree_count / 2) * std::numbers::pi / 180;
            one.stamp_angle = one.angle;
        } else {
            const Offset offset = candidates[at - degree_count];
            one.angle = std::atan2(offset.row, offset.column);
            one.stamp_angle = one.angle + (one.angle < 0 ? std::numbers::pi : -std::numbers::pi);
        }
        make_direction(one);
    }
    for (int degree = 0; degree < degree_count; ++degree) {
        make_seed(degree);
        bearings.push_back(along(degree * std::numbers::pi / 180, shape.seed_distance));
    }
    make_markers();
}

void Tables::make_empty_mask() {
    empty_mask = Canvas(shape.window);
    const int inner = shape.padding, end = shape.window - shape.padding;
    for (int row = 0; row < shape.window; ++row) {
        for (int column = 0; column < shape.window; ++column) {
            const bool framed = row < inner || row >= end || column < inner || column >= end;
            *empty_mask.at(row, column) = framed ? white : 0;
        }
    }
}

void Tables::make_disc() {
    ELM_ASSERT(margin <= most_margin);
    for (const Offset& offset : disc(margin)) {
        disc_rows_[static_cast<std::size_t>(offset.row + margin)][offset.column + margin] = white;
    }
}

/// Points of a circle around the pivot, one pixel of arc apart, cut to whole pixels.
void Tables::make_candidates() {
    const int radius = shape.paddle_length + margin;
    const double degrees_apart = 360.0 / (2 * std::numbers::pi * radius);
    std::set<std::pair<int, int>> places;
    for (int k = 0; k * degrees_apart < 360; ++k) {
        const double angle = k * degrees_apart * std::numbers::pi / 180;
        places.insert({static_cast<int>(std::floor(radius * std::sin(angle))),
                       static_cast<int>(std::floor(radius * std::cos(angle)))});
    }
    for (const auto& [row, column] : places) candidates.push_back({row, column});
}

void Tables::make_direction(Direction& direction) {
    static const std::array<std::uint8_t, 256> limits = overlap_limits();
    const int length = shape.paddle_length;
    direction.ahead = along(direction.angle, length);
    direction.back = along(direction.angle + std::numbers::pi, length + margin);
    direction.step = along(direction.angle, length + 2 * margin);
    PaddleStamp stamp = paddle_stamp(shape.paddle(margin), direction.stamp_angle);
    if (fixed_scale()) {
        const GreyLevels grey = grey_levels(shape.target_contrast, 1);
        for (std::uint8_t& value : stamp.line.pixels) value = grey[value];
    }
    lines.emplace_back(stamp.line);
    direction.mask = Block(stamp.mask);
    for (std::uint8_t& value : stamp.mask.pixels) value = limits[value];
    direction.limit = Limits(stamp.mask);
    double total = 0;
    for (std::size_t at = 0; at < candidates.size(); ++at) {
        const Offset offset = candidates[at];
        const double turn = angle_between(std::atan2(offset.row, offset.column), direction.angle);
        const double cosine = std::cos(std::min(shape.continuity * turn, std::numbers::pi / 2));
        const double weight = cosine * cosine;
        if (weight < 1e-30) continue;  // a right angle, but for rounding
        total += weight;
        direction.choices.push_back({weight, total, offset, static_cast<int>(at)});
    }
    for (Choice& choice : direction.choices) choice.running /= total;
    direction.choices.back().running = 1;
    direction.index_choices();
}

/// The published search dilates what is blocked by the white part of the mask stamp, cut to a
/// square whose middle is one pixel off: all of it is shifted by (1, 1). A pixel that sees nothing
/// but what lies beyond the window counts as free without limit, upon which the search says that
/// there is no place at all. A pixel in a corner sees the least.
void Tables::make_seed(int degree) {
    const Block& mask = directions[static_cast<std::size_t>(degree)].mask;
    const int cut = shape.paddle_length + margin;
    Picture seen(2 * (mask.half + 1) + 1, 2 * (mask.half + 1) + 1);
    std::fill(seen.pixels.begin(), seen.pixels.end(), std::uint8_t{white});
    std::vector<Offset> offsets;
    for (int row = -mask.half; row <= std::min(mask.half, cut - 1); ++row) {
        for (int column = -mask.half; column <= std::min(mask.half, cut - 1); ++column) {
            const auto at =
                static_cast<std::size_t>((row + mask.half) * block_width + column + mask.half);
            if (row < -cut - 1 || column < -cut - 1 || mask.bytes[at] != white) continue;
            offsets.push_back({row + 1, column + 1});
            seen.at(row + 1 + mask.half + 1, column + 1 + mask.half + 1) = most_seen;
        }
    }
    SeedPlaces places;
    places.limit = Block(seen, white);
    places.possible = true;
    for (const int down : {-1, 1}) {
        for (const int right : {-1, 1}) {
            places.possible =
                places.possible &&
                std::any_of(offsets.begin(), offsets.end(), [&](const Offset& offset) {
                    return down * offset.row >= 0 && right * offset.column >= 0;
                });
        }
    }
    if (places.possible) {
        // All of it in the square that is left within a band of twice the distance of the seeds.
        const int band = 2 * shape.seed_distance, end = shape.window - 1 - band;
        places.first_row = places.first_column = band;
        places.last_row = places.last_column = end;
        for (const Offset& offset : offsets) {
            places.first_row = std::max(places.first_row, band - offset.row);
            places.last_row = std::min(places.last_row, end - offset.row);
            places.first_column = std::max(places.first_column, band - offset.column);
            places.last_column = std::min(places.last_column, end - offset.column);
        }
    }
    seeds.push_back(places);
}

/// One picture for each distance from an edge, up to where the edge no longer matters.
void Tables::make_markers() {
    constexpr int filter_reach = 3;
    marker_half_ = static_cast<int>(std::ceil(shape.marker_radius)) + filter_reach;
    marker_cases_ = 2 * marker_half_ + 1;
    const int window = 4 * marker_half_ + 1;  // a smaller window with the same edges
    const auto place = [&](int which) {
        if (which < marker_half_) return which;
        return which == marker_half_ ? 2 * marker_half_ : window - 1 - (2 * marker_half_ - which);
    };
    for (int row = 0; row < marker_cases_; ++row) {
        for (int column = 0; column < marker_cases_; ++column) {
            const Offset centre{place(row), place(column)};
            const Picture whole = marker_picture(window, shape.marker_radius, centre);
            Picture part(marker_cases_, marker_cases_);
            for (int y = 0; y < marker_cases_; ++y) {
                for (int x = 0; x < marker_cases_; ++x) {
                    const int from_row = centre.row - marker_half_ + y;
                    const int from_column = centre.column - marker_half_ + x;
                    if (from_row < 0 || from_row >= window || from_column < 0 ||
                        from_column >= window) {
                        continue;
                    }
                    part.at(y, x) = whole.at(from_row, from_column);
                }
            }
            markers_.emplace_back(part);
        }
    }
}

int Tables::direction_of(double angle) const {
    for (std::size_t at = directions.size(); at-- > 0;) {
        if (angle_between(directions[at].angle, angle) < 1e-9) return static_cast<int>(at);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("no paddle of this size can point along {} rad; expected whole degrees "
                            "or the direction of a candidate.",
                            angle));
}

}  // namespace elm::pathfinder
