#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/report/palette.h"
#include "tasks/report/plot.h"

namespace elm {

/// A grey picture: values (rows, columns) 0 (black) .. 255 (white), row-major.
struct GreyPicture {
    int rows = 0, columns = 0;
    std::vector<std::uint8_t> values = {};
};

/// A word at a place of a tile.
struct TileLabel {
    double x = 0, y = 0;
    std::string text;
    std::string colour = colour::plain;
};

/// A grey picture, a text, or lines, dots and words over axes.
struct Tile {
    std::string title = {};
    GreyPicture grey = {};               // no rows: none
    std::vector<std::string> text = {};  // lines, in letters that are all as wide; empty: none
    std::vector<Curve> curves = {};
    std::vector<TileLabel> labels = {};
    std::string x_label = {}, y_label = {};
    bool has_axes = false;
    double height = 1;  // of its row, relative to the other rows; the first tile of a row says it
};

/// Rows of tiles, each row as wide as the picture.
struct TileFigure {
    std::string title = {};
    std::vector<std::vector<Tile>> rows = {};
    int width_px = 1400, height_px = 900;
};

/// Draws as draw() of plot.h does, and throws as it does.
void draw(const TileFigure& figure, const std::string& path, bool force);

}  // namespace elm
