// Colours that must stay apart, as eyes with and without red, green and blue cones see them.

#include "tasks/report/palette.h"

#include <array>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace elm {
namespace {

using Triple = std::array<double, 3>;
using Matrix = std::array<Triple, 3>;

/// Matrices of what is left of linear RGB. Source: Machado, Oliveira, Fernandes 2009, severity 1,
/// doi:10.1109/TVCG.2009.113.
constexpr std::array<Matrix, 4> eyes{{
    {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {{{0.152286, 1.052583, -0.204868},
      {0.114503, 0.786281, 0.099216},
      {-0.003882, -0.048116, 1.051998}}},
    {{{0.367322, 0.860646, -0.227968},
      {0.280085, 0.672501, 0.047413},
      {-0.011820, 0.042940, 0.968881}}},
    {{{1.255528, -0.076749, -0.178779},
      {-0.078411, 0.930809, 0.147602},
      {0.004733, 0.691367, 0.303900}}},
}};

Triple times(const Matrix& matrix, const Triple& vector) {
    Triple result{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < 3; ++k) result[i] += matrix[i][k] * vector[k];
    }
    return result;
}

/// CIELAB of "#RRGGBB" under D65.
Triple lab(const std::string& colour, const Matrix& eye) {
    Triple linear{};
    for (std::size_t k = 0; k < 3; ++k) {
        const double value = std::stoi(colour.substr(1 + 2 * k, 2), nullptr, 16) / 255.0;
        linear[k] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    }
    linear = times(eye, linear);
    for (double& value : linear) value = std::fmin(1, std::fmax(0, value));
    const Triple xyz = times(
        {{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}}, linear);
    const auto root = [](double value) {
        return value > 0.008856 ? std::cbrt(value) : 7.787 * value + 16.0 / 116;
    };
    const double x = root(xyz[0] / 0.95047), y = root(xyz[1]), z = root(xyz[2] / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double difference(const std::string& a, const std::string& b, const Matrix& eye) {
    const Triple one = lab(a, eye), other = lab(b, eye);
    return std::hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

/// A difference of 2.3 is just seen beside each other: Mahy, Van Eycken, Oosterlinck 1994.
constexpr double just_seen = 2.3;

TEST(Palette, meanings_stay_apart_for_any_eye) {
    const std::array meanings{colour::excitation, colour::inhibition,   colour::target,
                              colour::prediction, colour::output_spike, colour::hue::green};
    for (const Matrix& eye : eyes) {
        for (std::size_t a = 0; a < meanings.size(); ++a) {
            for (std::size_t b = 0; b < a; ++b) {
                EXPECT_GT(difference(meanings[a], meanings[b], eye), 6 * just_seen)
                    << meanings[a] << " " << meanings[b];
            }
            EXPECT_GT(difference(meanings[a], colour::background, eye), 6 * just_seen);
            EXPECT_GT(difference(meanings[a], colour::grid, eye), 6 * just_seen);
        }
    }
}

TEST(Palette, places_and_series_of_any_number_differ) {
    for (const std::size_t count : {1u, 2u, 7u, 8u, 10u, 11u, 30u}) {
        std::set<std::string> places, series;
        for (std::size_t index = 0; index < count; ++index) {
            places.insert(colour::of_place(index, count));
            series.insert(colour::of_series(index, count));
        }
        EXPECT_EQ(places.size(), count);
        EXPECT_EQ(series.size(), count);
    }
    EXPECT_EQ(colour::of_place(0, 3), colour::target);
    EXPECT_EQ(colour::of_series(0, 3), colour::prediction);
}

TEST(Palette, a_larger_value_is_lighter) {
    double before = -1;
    for (const double share : {0.0, 0.2, 0.5, 0.7, 1.0}) {
        const double lightness = lab(colour::of_share(share), eyes[0])[0];
        EXPECT_GT(lightness, before);
        before = lightness;
    }
    EXPECT_EQ(colour::of_share(-1), colour::of_share(0));
    EXPECT_EQ(colour::of_share(2), colour::of_share(1));
}

}  // namespace
}  // namespace elm
