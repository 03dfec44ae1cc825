#pragma once

#include <cstdint>
#include <span>

#include "tasks/report/tile_plot.h"

namespace elm {

/// An expression of listops.h as a tree: above the whole of it, below its largest part of which all
/// tokens can be read.
TileFigure listops_figure(std::span<const std::uint8_t> tokens, int value);

}  // namespace elm
