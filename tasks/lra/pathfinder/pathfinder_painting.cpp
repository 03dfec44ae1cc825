#include "tasks/lra/pathfinder/pathfinder_painting.h"

#include <algorithm>
#include <cstring>

namespace elm::pathfinder {
namespace {

std::uint8_t largest_in_window(const Canvas& layer) {
    std::uint8_t largest = 0;
    for (int row = 0; row < layer.window(); ++row) {
        const std::uint8_t* values = layer.at(row, 0);
        for (int column = 0; column < layer.window(); ++column) {
            largest = std::max(largest, values[column]);
        }
    }
    return largest;
}

}  // namespace

void Painting::begin(const Tables& tables) {
    tables_ = &tables;
    const std::size_t used = tables.fixed_scale() ? 1 : layer_count;
    for (std::size_t at = 0; at < used; ++at) {
        if (layers_[at].window() != tables.shape.window) layers_[at] = Canvas(tables.shape.window);
        layers_[at].fill(0);
    }
}

Canvas& Painting::canvas_of(Layer layer) {
    return layers_[tables_->fixed_scale() ? 0 : static_cast<std::size_t>(layer)];
}

void Painting::draw_paddle(const Paddle& paddle, Layer layer) {
    canvas_of(layer).raise(paddle.row, paddle.column,
                           tables_->lines[static_cast<std::size_t>(paddle.direction)]);
}

void Painting::draw_marker(int row, int column) {
    canvas_of(Layer::markers).raise(row, column, tables_->marker(row, column));
}

double Painting::finish(std::vector<std::uint8_t>& image) const {
    const auto window = static_cast<std::size_t>(tables_->shape.window);
    image.resize(window * window);
    if (tables_->fixed_scale()) {
        for (std::size_t row = 0; row < window; ++row) {
            std::memcpy(image.data() + row * window, layers_[0].at(static_cast<int>(row), 0),
                        window);
        }
        return 1;
    }
    return scale(image);
}

double Painting::scale(std::vector<std::uint8_t>& image) const {
    const Shape& shape = tables_->shape;
    const std::array contrast = {shape.target_contrast, shape.distractor_contrast, 1.0};
    double brightest = 0;
    for (std::size_t at = 0; at < layer_count; ++at) {
        brightest = std::max(brightest, static_cast<double>(stamp_value(
                                            largest_in_window(layers_[at]), contrast[at])));
    }
    const std::array<GreyLevels, layer_count> grey = {grey_levels(contrast[0], brightest),
                                                      grey_levels(contrast[1], brightest),
                                                      marker_levels(brightest)};
    std::uint8_t* out = image.data();
    for (int row = 0; row < shape.window; ++row) {
        const std::uint8_t* targets = layers_[0].at(row, 0);
        const std::uint8_t* distractors = layers_[1].at(row, 0);
        const std::uint8_t* markers = layers_[2].at(row, 0);
        for (int column = 0; column < shape.window; ++column) {
            *out++ = std::max(
                {grey[0][targets[column]], grey[1][distractors[column]], grey[2][markers[column]]});
        }
    }
    return brightest;
}

}  // namespace elm::pathfinder
