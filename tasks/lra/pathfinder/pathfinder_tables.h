#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tasks/lra/pathfinder/pathfinder_drawing.h"

namespace elm::pathfinder {

/// Sizes and contrasts of the images of one width.
struct Shape {
    int window = 0;            // px
    int padding = 0;           // px, blocked frame
    int seed_distance = 0;     // px, between the first paddles of the two contours
    int paddle_length = 0;     // px
    double thickness = 0;      // px
    std::vector<int> margins;  // px, one is drawn per image
    double continuity = 0;     // how much straight contours are preferred
    int distractor_paddles = 0;
    double marker_radius = 0;  // px
    double target_contrast = 0, distractor_contrast = 0;

    PaddleShape paddle(int margin) const { return {paddle_length, thickness, margin}; }
};

/// Published settings of windows of 32, 64, 128 and 256 px. Throws Error{invalid} for another one.
/// Source: Tay et al. 2021, "Long Range Arena", arXiv 2011.04006, and the parameters that its
/// public repository lists; those of 256 that it leaves out are the defaults of the generator of
/// Linsley et al. 2018, arXiv 1805.08315.
Shape shape_of(int window);

/// Brightness that level 0 .. 255 of a stamp adds to an image.
float stamp_value(std::size_t level, double contrast);

/// Grey levels of stamp values 0 .. 255 that are drawn with a contrast, in an image whose brightest
/// pixel is `brightest` and whose darkest is 0.
using GreyLevels = std::array<std::uint8_t, 256>;
GreyLevels grey_levels(double contrast, double brightest);
/// The same of markers, whose contrast is 1 and which are held in double precision, as published.
GreyLevels marker_levels(double brightest);

/// Rows of a block and of what is done with it are this long: one or two vectors.
inline constexpr int block_width = 32;
using BlockRow = std::uint8_t __attribute__((vector_size(block_width)));

/// A small picture, to be put onto a canvas with its middle at some pixel. Rows of zeros above and
/// below are left out.
struct Block {
    int half = 0;             // its column 0 lies so far left of the middle, its row 0 above it
    int first = 0, last = 0;  // rows [first, last)
    static constexpr int most_rows = 2 * 13 + 1;
    alignas(block_width) std::array<std::uint8_t, most_rows * block_width> bytes{};

    Block() = default;
    /// From a square picture of an odd size; `fill` stands beside it.
    explicit Block(const Picture& picture, std::uint8_t fill = 0);

    std::uint8_t& at(int row, int column) {
        return bytes[static_cast<std::size_t>(row * block_width + column)];
    }
    void set_rows(std::uint8_t ignored);
};

/// The largest values that may stand around a pixel, where a paddle is solid: little enough that
/// half as many bytes hold it as a block.
struct Limits {
    static constexpr int width = 16;
    using Row = std::uint8_t __attribute__((vector_size(width)));

    int row = 0, column = 0;  // of its first value, from the pixel on
    int rows = 0;
    alignas(width) std::array<std::uint8_t, width * width> bytes{};

    Limits() = default;
    /// From a square picture of an odd size around the pixel, of which all that is not white
    /// counts.
    explicit Limits(const Picture& picture);
};

/// A window with room around it, so that blocks need no clipping.
class Canvas {
public:
    static constexpr int border = 16;  // px; columns have as much again on their right

    Canvas() = default;
    explicit Canvas(int window)
        : window_(window),
          stride_(window + 3 * border),
          bytes_(static_cast<std::size_t>(stride_) *
                 static_cast<std::size_t>(window + 2 * border)) {}

    int window() const { return window_; }
    int stride() const { return stride_; }
    std::uint8_t* at(int row, int column) { return bytes_.data() + index(row, column); }
    const std::uint8_t* at(int row, int column) const { return bytes_.data() + index(row, column); }
    void fill(std::uint8_t value) { std::fill(bytes_.begin(), bytes_.end(), value); }

    /// Largest of what stands there and the block.
    void raise(int row, int column, const Block& block) {
        std::uint8_t* target = at(row - block.half + block.first, column - block.half);
        const std::uint8_t* source = block.bytes.data() + block.first * block_width;
        for (int k = block.first; k < block.last; ++k, target += stride_, source += block_width) {
            BlockRow a, b;
            std::memcpy(&a, target, sizeof a);
            std::memcpy(&b, source, sizeof b);
            a = a > b ? a : b;
            std::memcpy(target, &a, sizeof a);
        }
    }

    /// True if a pixel is above the block.
    bool exceeds(int row, int column, const Block& block) const {
        const std::uint8_t* value = at(row - block.half + block.first, column - block.half);
        const std::uint8_t* limit = block.bytes.data() + block.first * block_width;
        BlockRow above{};
        for (int k = block.first; k < block.last; ++k, value += stride_, limit += block_width) {
            BlockRow a, b;
            std::memcpy(&a, value, sizeof a);
            std::memcpy(&b, limit, sizeof b);
            above |= (a > b ? a : b) ^ b;
        }
        std::array<std::uint64_t, block_width / 8> words;
        std::memcpy(words.data(), &above, sizeof above);
        return (words[0] | words[1] | words[2] | words[3]) != 0;
    }

    bool exceeds(int row, int column, const Limits& limits) const {
        const std::uint8_t* value = at(row + limits.row, column + limits.column);
        const std::uint8_t* limit = limits.bytes.data();
        Limits::Row above{};
        for (int k = 0; k < limits.rows; ++k, value += stride_, limit += Limits::width) {
            Limits::Row a, b;
            std::memcpy(&a, value, sizeof a);
            std::memcpy(&b, limit, sizeof b);
            above |= (a > b ? a : b) ^ b;
        }
        std::array<std::uint64_t, Limits::width / 8> words;
        std::memcpy(words.data(), &above, sizeof above);
        return (words[0] | words[1]) != 0;
    }

    /// Makes what stands under the block black, where that is all inside a frame of this width.
    /// Returns false where it is not.
    bool clear_inside(int frame, int row, int column, const Block& block) {
        const int top = row - block.half + block.first, left = column - block.half;
        if (top < frame || top + block.last - block.first > window_ - frame || left < frame ||
            left + block_width > window_ - frame) {
            return false;
        }
        std::uint8_t* target = at(top, left);
        for (int k = block.first; k < block.last; ++k, target += stride_) {
            std::memset(target, 0, block_width);
        }
        return true;
    }

    /// Where the block would stand: what another canvas of this size has there.
    void copy_from(const Canvas& other, int row, int column, const Block& block) {
        const std::size_t from = index(row - block.half + block.first, column - block.half);
        std::uint8_t* target = bytes_.data() + from;
        const std::uint8_t* source = other.bytes_.data() + from;
        for (int k = block.first; k < block.last; ++k, target += stride_, source += stride_) {
            std::memcpy(target, source, block_width);
        }
    }

private:
    std::size_t index(int row, int column) const {
        return static_cast<std::size_t>((row + border) * stride_ + column + border);
    }
    int window_ = 0, stride_ = 0;
    std::vector<std::uint8_t> bytes_;
};

/// One place where a contour can go on, seen from its pivot.
struct Choice {
    double weight;   // before what stands there is counted
    double running;  // sum of the weights up to this one, of a total of 1
    Offset offset;   // from the pivot
    int candidate;
};

/// A way across the window, px.
struct Vector {
    double row = 0, column = 0;
};

/// The pixel that a way leads to: rounded up, as published.
inline Offset pixel_at_end(const Offset& from, const Vector& way) {
    return {static_cast<int>(std::ceil(from.row + way.row)),
            static_cast<int>(std::ceil(from.column + way.column))};
}

/// A direction that a paddle can have: the integer degrees -180 .. 179 of first paddles, then those
/// of the candidates.
struct Direction {
    double angle = 0;             // of the contour, radians
    double stamp_angle = 0;       // of the paddle: that of candidates points back
    Vector ahead;                 // by the length of a paddle
    Vector back;                  // from a head to the pivot behind it
    Vector step;                  // from a pivot to the next one
    Block mask;                   // the place it takes up, 0 .. 255
    Limits limit;                 // largest mask value that it may fall on
    std::vector<Choice> choices;  // of weight above 0, by row, then column

    /// The choice that a number in [0, 1) falls on, in proportion to the weights.
    std::size_t choice_at(double at) const {
        std::size_t chosen = near_[static_cast<std::size_t>(at * near_count)];
        while (choices[chosen].running <= at) ++chosen;
        return chosen;
    }
    /// To be called once the choices are there.
    void index_choices();

private:
    static constexpr int near_count = 128;
    std::array<std::uint8_t, near_count> near_{};  // the first choice of each part of [0, 1)
};

/// Where a first paddle of an integer degree can begin.
struct SeedPlaces {
    bool possible = false;  // false: the published generator finds no place at this angle
    Block limit;            // largest mask value that may be in the way
    int first_row = 0, last_row = -1, first_column = 0,
        last_column = -1;  // free in an empty window
    std::int64_t count() const {
        return static_cast<std::int64_t>(std::max(0, last_row - first_row + 1)) *
               std::max(0, last_column - first_column + 1);
    }
};

constexpr int degree_count = 360;

/// Everything about one window and margin that does not depend on what is drawn.
struct Tables {
    Tables(const Shape& shape, int margin);

    Shape shape;
    int margin;
    std::vector<Offset> candidates;     // offsets from a pivot, by row, then column
    std::vector<Direction> directions;  // (degree_count + candidates)
    /// Their pictures: grey levels, or before contrast and scaling where these vary.
    std::vector<Block> lines;
    std::vector<SeedPlaces> seeds;  // (degree_count)
    std::vector<Vector> bearings;   // (degree_count) from one first paddle to the other
    Canvas empty_mask;              // the blocked frame alone; beyond the window: 0
    std::array<double, 256> free;   // 1 - mask value

    /// True if the brightest pixel of every image is a full one, so that grey levels are known
    /// beforehand.
    bool fixed_scale() const {
        return shape.target_contrast <= 1 && shape.distractor_contrast <= 1;
    }

    /// Largest mask value within the margin around a pixel of the window.
    std::uint8_t largest_around(const Canvas& mask, int row, int column) const {
        const std::uint8_t* from = mask.at(row - margin, column - margin);
        DiscRow largest{};
        for (int k = 0; k <= 2 * margin; ++k, from += mask.stride()) {
            DiscRow values;
            std::memcpy(&values, from, sizeof values);
            values &= disc_rows_[static_cast<std::size_t>(k)];
            largest = values > largest ? values : largest;
        }
        const auto raise = [&largest](const DiscRow& moved) {
            largest = moved > largest ? moved : largest;
        };
        raise(__builtin_shufflevector(largest, largest, 4, 5, 6, 7, 4, 5, 6, 7));
        raise(__builtin_shufflevector(largest, largest, 2, 3, 2, 3, 2, 3, 2, 3));
        raise(__builtin_shufflevector(largest, largest, 1, 1, 1, 1, 1, 1, 1, 1));
        return largest[0];
    }

    /// Marker at a place in the window.
    const Block& marker(int row, int column) const {
        return markers_[static_cast<std::size_t>(marker_case(row) * marker_cases_ +
                                                 marker_case(column))];
    }
    /// One direction for an angle in radians. Throws Error{invalid} if there is none.
    int direction_of(double angle) const;

private:
    void make_candidates();
    void make_direction(Direction& direction);
    void make_seed(int degree);
    void make_empty_mask();
    void make_disc();
    void make_markers();
    int marker_case(int place) const {
        if (place < marker_half_) return place;
        const int from_end = shape.window - 1 - place;
        return from_end < marker_half_ ? 2 * marker_half_ - from_end : marker_half_;
    }

    static constexpr int disc_width = 8, most_margin = 3;
    using DiscRow = std::uint8_t __attribute__((vector_size(disc_width)));
    static_assert(2 * most_margin + 1 <= disc_width);
    std::array<DiscRow, 2 * most_margin + 1> disc_rows_{};  // 255 within the margin

    int marker_half_ = 0, marker_cases_ = 0;
    std::vector<Block> markers_;
};

}  // namespace elm::pathfinder
