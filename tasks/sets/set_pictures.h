#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tasks/data/sets/set_columns.h"
#include "tasks/report/tile_plot.h"

namespace elm {

/// Up to eight images of a set with the names of their labels, and the first one as its sequence of
/// grey levels, row by row. Fields: image (rows, columns) u8, label u8.
TileFigure image_figure(const std::string& title, const SetColumns& samples,
                        const std::function<std::string(int label)>& name);

/// The first samples of tokens and targets as strips: targets that count stand below their tokens.
/// Fields: tokens (length), targets (length). `colour_of` colours a token.
TileFigure token_figure(const std::string& title, const SetColumns& samples,
                        const std::function<std::string(std::int32_t token)>& colour_of);

/// The beginning of a text in lines, and how much more there is. What is no letter, digit or sign
/// of ASCII stands as a dot, white space as a blank, a 0 between two texts as a bar.
Tile text_tile(const std::string& title, std::span<const std::uint8_t> bytes);

}  // namespace elm
