#include "tasks/report/palette.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/core.h>

namespace elm::colour {
namespace {

std::string one_of(std::span<const char* const> hues, std::size_t index, std::size_t count) {
    if (count <= hues.size()) return hues[index];
    return of_share(static_cast<double>(index) / static_cast<double>(count - 1));
}

}  // namespace

std::string of_place(std::size_t index, std::size_t count) {
    constexpr std::array hues{target,      hue::green,     hue::purple, hue::sky_blue,
                              hue::orange, hue::vermilion, hue::blue};
    return one_of(hues, index, count);
}

std::string of_series(std::size_t index, std::size_t count) {
    constexpr std::array hues{prediction,    hue::blue,      hue::green, hue::purple,
                              hue::sky_blue, hue::vermilion, hue::black};
    // Where more are to be told apart: Tol's "muted" colours. Source: Tol 2021, SRON/EPS/TN/09-002.
    constexpr std::array more{"#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE",
                              "#882255", "#44AA99", "#999933", "#AA4499", hue::black};
    return count <= hues.size() ? one_of(hues, index, count) : one_of(more, index, count);
}

std::string of_share(double share) {
    // Viridis at five places. Source: Smith & van der Walt 2015, bids.github.io/colormap.
    struct Rgb {
        double red, green, blue;
    };
    constexpr std::array<Rgb, 5> stops{
        {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {240, 215, 37}}};
    const double place = std::clamp(share, 0.0, 1.0) * 4;
    const auto low = std::min<std::size_t>(3, static_cast<std::size_t>(place));
    const double part_of_next = place - static_cast<double>(low);
    const auto mix = [&](double Rgb::*part) {
        return static_cast<int>((1 - part_of_next) * stops[low].*part +
                                part_of_next * stops[low + 1].*part);
    };
    return fmt::format("#{:02X}{:02X}{:02X}", mix(&Rgb::red), mix(&Rgb::green), mix(&Rgb::blue));
}

}  // namespace elm::colour
