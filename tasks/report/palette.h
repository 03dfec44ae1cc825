#pragma once

#include <cstddef>
#include <string>

namespace elm::colour {

/// Hues that stay apart for colour-blind eyes. Source: Okabe & Ito 2008, jfly.uni-koeln.de/color.
namespace hue {
inline constexpr const char* black = "#000000";
inline constexpr const char* orange = "#E69F00";
inline constexpr const char* sky_blue = "#56B4E9";
inline constexpr const char* green = "#009E73";
inline constexpr const char* blue = "#0072B2";
inline constexpr const char* vermilion = "#D55E00";
inline constexpr const char* purple = "#CC79A7";
inline constexpr const char* grey = "#999999";
}  // namespace hue

// Meaning of a colour: the same in every picture.
inline constexpr const char* excitation = hue::vermilion;
inline constexpr const char* inhibition = hue::blue;
/// Colour of what is to be met: the cell, a recording, an exact solution, another simulator.
inline constexpr const char* target = hue::black;
/// Colour of what is compared with it: the fitted model, this simulator.
inline constexpr const char* prediction = hue::orange;
inline constexpr const char* output_spike = hue::purple;
/// Data of one kind, where nothing is compared.
inline constexpr const char* plain = hue::black;
inline constexpr const char* no_value = hue::grey;
inline constexpr const char* grid = "#E4E4E4";
inline constexpr const char* background = "#FFFFFF";

/// Place `index` of `count` on a cell; 0 is the soma, which has the colour of the cell.
std::string of_place(std::size_t index, std::size_t count);

/// Series `index` of `count` that stand side by side, such as models: one of the hues where they
/// suffice, one of ten others, else a step from dark to light. Of few, the first is a prediction.
std::string of_series(std::size_t index, std::size_t count);

/// A value as a share of its range, from 0 (dark) to 1 (light).
std::string of_share(double share);

}  // namespace elm::colour
