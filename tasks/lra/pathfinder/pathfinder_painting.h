#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tasks/lra/pathfinder/pathfinder_tables.h"

namespace elm::pathfinder {

/// A paddle on a canvas.
struct Paddle {
    int row = 0, column = 0;  // its start
    int direction = 0;        // of the tables
};

enum class Layer : std::uint8_t { targets, distractors, markers };

/// An image that is being put together, each layer with a contrast of its own. Where the scale of
/// grey levels is known beforehand, all is drawn on the first one.
class Painting {
public:
    /// Begins a black image.
    void begin(const Tables& tables);

    void draw_paddle(const Paddle& paddle, Layer layer);
    /// A marker, which holds a full pixel, around a pixel of the window.
    void draw_marker(int row, int column);

    /// Writes grey levels (window, window): the brightest pixel becomes 255, rounded to nearest;
    /// there is always a black one. Returns the brightest pixel before that; 1 is a full pixel of
    /// contrast 1.
    double finish(std::vector<std::uint8_t>& image) const;

private:
    Canvas& canvas_of(Layer layer);
    double scale(std::vector<std::uint8_t>& image) const;

    static constexpr std::size_t layer_count = 3;

    const Tables* tables_ = nullptr;
    std::array<Canvas, layer_count> layers_;
};

}  // namespace elm::pathfinder
