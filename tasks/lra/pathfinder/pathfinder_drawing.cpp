// Pictures that Pathfinder images are put together from. They are drawn on a canvas twice as fine
// and then shrunk.
//
// Source: Linsley, Kim, Veerabadran, Windolf & Serre 2018, "Learning long-range spatial
// dependencies with horizontal gated recurrent units", arXiv 1805.08315, and its public generator,
// whose drawing rests on Pillow.

#include "tasks/lra/pathfinder/pathfinder_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace elm::pathfinder {
namespace {

constexpr int antialias = PaddleShape::antialias;
constexpr std::uint8_t white = 255;

int round_half_up(double value) {  // away from zero
    return static_cast<int>(value >= 0 ? std::floor(value + 0.5) : -std::floor(-value + 0.5));
}
int round_half_down(double value) {  // towards zero
    return static_cast<int>(value >= 0 ? std::ceil(value - 0.5) : -std::ceil(-value - 0.5));
}

void fill_row(Picture& picture, int row, int from, int to) {
    if (row < 0 || row >= picture.rows) return;
    for (int column = std::max(0, from); column <= std::min(to, picture.columns - 1); ++column) {
        picture.at(row, column) = white;
    }
}

void draw_thin_line(Picture& picture, Offset from, Offset to) {
    const int rows = to.row - from.row, columns = to.column - from.column;
    const int n = std::max(std::abs(rows), std::abs(columns));
    for (int t = 0; t <= n; ++t) {
        const double part = n == 0 ? 0 : static_cast<double>(t) / n;
        const int column = from.column + round_half_up(columns * part);
        fill_row(picture, from.row + round_half_up(rows * part), column, column);
    }
}

void fill_quadrilateral(Picture& picture, const std::array<Offset, 4>& corner) {
    int lowest = corner[0].row, highest = corner[0].row;
    for (const Offset& one : corner) {
        lowest = std::min(lowest, one.row);
        highest = std::max(highest, one.row);
    }
    for (int row = lowest; row <= highest; ++row) {
        float left = INFINITY, right = -INFINITY;
        for (std::size_t at = 0; at < corner.size(); ++at) {
            const Offset a = corner[at], b = corner[(at + 1) % corner.size()];
            if (a.row == b.row) {
                if (a.row == row) {
                    fill_row(picture, row, std::min(a.column, b.column),
                             std::max(a.column, b.column));
                }
            } else if (row >= std::min(a.row, b.row) && row <= std::max(a.row, b.row)) {
                const float slope =
                    static_cast<float>(b.column - a.column) / static_cast<float>(b.row - a.row);
                const float x =
                    static_cast<float>(row - a.row) * slope + static_cast<float>(a.column);
                left = std::min(left, x);
                right = std::max(right, x);
            }
        }
        if (left <= right) {
            fill_row(picture, row, round_half_up(static_cast<double>(left)),
                     round_half_down(static_cast<double>(right)));
        }
    }
}

/// Weights of one output pixel.
struct Taps {
    int first = 0;
    std::vector<int> weight;
};

constexpr int fraction_bits = 22;

double sinc(double x) {
    if (x == 0) return 1;
    return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

std::vector<Taps> lanczos_taps(int from, int to) {
    constexpr double lobes = 3;
    const double factor = static_cast<double>(from) / to, support = lobes * factor;
    std::vector<Taps> taps(static_cast<std::size_t>(to));
    std::vector<double> weight;
    for (int at = 0; at < to; ++at) {
        Taps& one = taps[static_cast<std::size_t>(at)];
        const double centre = (at + 0.5) * factor;
        one.first = std::max(0, static_cast<int>(centre - support + 0.5));
        const int end = std::min(from, static_cast<int>(centre + support + 0.5));
        weight.clear();
        double sum = 0;
        for (int j = one.first; j < end; ++j) {
            const double x = (j - centre + 0.5) * (1 / factor);
            weight.push_back(x >= -lobes && x < lobes ? sinc(x) * sinc(x / lobes) : 0);
            sum += weight.back();
        }
        for (const double w : weight) {
            const double scaled = w / sum * (1 << fraction_bits);
            one.weight.push_back(static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
        }
    }
    return taps;
}

/// Every row resampled, the result transposed.
Picture shrunk_rows(const Picture& picture, int columns) {
    const std::vector<Taps> taps = lanczos_taps(picture.columns, columns);
    Picture out(columns, picture.rows);
    for (int row = 0; row < picture.rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            const Taps& one = taps[static_cast<std::size_t>(column)];
            int sum = 1 << (fraction_bits - 1);
            for (std::size_t k = 0; k < one.weight.size(); ++k) {
                sum += one.weight[k] * picture.at(row, one.first + static_cast<int>(k));
            }
            out.at(column, row) =
                static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
        }
    }
    return out;
}

}  // namespace

std::vector<Offset> disc(double radius) {
    const int reach = static_cast<int>(radius);
    std::vector<Offset> offsets;
    for (int row = -reach; row <= reach; ++row) {
        for (int column = -reach; column <= reach; ++column) {
            if (row * row + column * column <= radius * radius) offsets.push_back({row, column});
        }
    }
    return offsets;
}

void draw_line(Picture& picture, Offset from, Offset to, int width) {
    if (width <= 1) {
        draw_thin_line(picture, from, to);
        return;
    }
    const int dy = to.row - from.row, dx = to.column - from.column;
    const double length = std::hypot(dx, dy), half = (width - 1) / 2.0;
    const double wide = round_half_up(half) / length, narrow = round_half_down(half) / length;
    const int left = round_half_down(narrow * dy), right = round_half_down(wide * dy);
    const int up = round_half_down(narrow * dx), down = round_half_down(wide * dx);
    fill_quadrilateral(picture, {{{from.row + down, from.column - left},
                                  {to.row + down, to.column - left},
                                  {to.row - up, to.column + right},
                                  {from.row - up, from.column + right}}});
}

Picture dilated(const Picture& picture, double radius) {
    const std::vector<Offset> offsets = disc(radius);
    Picture out(picture.rows, picture.columns);
    for (int row = 0; row < picture.rows; ++row) {
        for (int column = 0; column < picture.columns; ++column) {
            std::uint8_t largest = 0;
            for (const Offset& offset : offsets) {
                const int y = row + offset.row, x = column + offset.column;
                if (y < 0 || y >= picture.rows || x < 0 || x >= picture.columns) continue;
                largest = std::max(largest, picture.at(y, x));
            }
            out.at(row, column) = largest;
        }
    }
    return out;
}

Picture shrunk(const Picture& picture, int rows, int columns) {
    return shrunk_rows(shrunk_rows(picture, columns), rows);
}

int PaddleShape::half() const { return length + static_cast<int>(std::ceil(thickness)) + margin; }

PaddleStamp paddle_stamp(const PaddleShape& shape, double angle) {
    const int centre = shape.half() * antialias, size = 2 * shape.half() + 1;
    const double reach = shape.length * antialias;
    const Offset end{static_cast<int>(std::ceil(centre + reach * std::sin(angle))),
                     static_cast<int>(std::ceil(centre + reach * std::cos(angle)))};
    Picture fine(2 * centre + 1, 2 * centre + 1);
    draw_line(fine, {centre, centre}, end,
              static_cast<int>(std::nearbyint(shape.thickness * antialias)));
    return {.line = shrunk(fine, size, size),
            .mask = shrunk(dilated(fine, shape.margin * antialias), size, size)};
}

Picture marker_picture(int window, double radius, Offset centre) {
    Picture fine(window * antialias, window * antialias);
    for (const Offset& offset : disc(radius * antialias)) {
        const int column = antialias * centre.column + offset.column;
        fill_row(fine, antialias * centre.row + offset.row, column, column);
    }
    return shrunk(fine, window, window);
}

}  // namespace elm::pathfinder
