#include "tasks/attention_benchmark/face_samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"

namespace elm {
namespace {

constexpr std::int64_t channels = 3, finer = 4;  // samples of each pixel along a side
constexpr double noise = 0.02;

using Colour = std::array<double, 3>;

struct Wave {
    double u = 0, v = 0, phase = 0, height = 0;
};

/// What a face is drawn from. Lengths are shares of the side of the image.
struct Pose {
    double x = 0, y = 0, cosine = 1, sine = 0, wide = 0.3, high = 0.4;
    double eye_gap = 0.12, eye_height = 0.08, eye = 0.04, brow = 0.08, nose = 0.05, mouth = 0.1,
           smile = 0, hair = 0.1;
    Colour skin{}, iris{}, hair_colour{}, lips{}, top{}, bottom{};
    double light = 0;
    std::array<Wave, 6> waves{};
};

Colour draw_colour(SampleDraws& draws, double low, double high) {
    return {draws.uniform(low, high), draws.uniform(low, high), draws.uniform(low, high)};
}

Pose draw_pose(SampleDraws& draws) {
    Pose pose;
    const double angle = draws.uniform(-1, 1) * std::numbers::pi / 12;
    pose.cosine = std::cos(angle);
    pose.sine = std::sin(angle);
    pose.x = draws.uniform(0.44, 0.56);
    pose.y = draws.uniform(0.46, 0.58);
    pose.wide = draws.uniform(0.24, 0.32);
    pose.high = draws.uniform(0.34, 0.42);
    pose.eye_gap = draws.uniform(0.1, 0.14);
    pose.eye_height = draws.uniform(0.04, 0.1);
    pose.eye = draws.uniform(0.03, 0.05);
    pose.brow = draws.uniform(0.05, 0.09);
    pose.nose = draws.uniform(0.03, 0.06);
    pose.mouth = draws.uniform(0.07, 0.13);
    pose.smile = draws.uniform(-0.03, 0.05);
    pose.hair = draws.uniform(0.05, 0.18);
    const double tone = draws.uniform(-0.5, 0.7);
    pose.skin = {tone + 0.2, tone, tone - 0.15};
    pose.iris = draw_colour(draws, -0.8, 0.5);
    pose.hair_colour = draw_colour(draws, -1, 0.4);
    pose.lips = {tone + 0.25, tone - 0.35, tone - 0.3};
    pose.top = draw_colour(draws, -0.9, 0.9);
    pose.bottom = draw_colour(draws, -0.9, 0.9);
    pose.light = draws.uniform(-1, 1);
    for (Wave& wave : pose.waves) {
        wave = {draws.uniform(20, 60), draws.uniform(-60, 60),
                draws.uniform(0, 2 * std::numbers::pi), draws.uniform(0.02, 0.07)};
    }
    return pose;
}

bool in_ellipse(double x, double y, double wide, double high) {
    return x * x / (wide * wide) + y * y / (high * high) <= 1;
}

/// The colour at a place; `hidden`: of the left eye nothing is seen.
Colour colour_at(const Pose& pose, double x, double y, bool hidden) {
    const double dx = x - pose.x, dy = y - pose.y;
    const double u = pose.cosine * dx + pose.sine * dy, v = pose.cosine * dy - pose.sine * dx;
    const double side = std::abs(u);
    Colour colour{};
    for (std::size_t k = 0; k < colour.size(); ++k) {
        colour[k] = pose.top[k] + y * (pose.bottom[k] - pose.top[k]);
    }
    const bool in_head = in_ellipse(u, v, pose.wide, pose.high);
    if (in_ellipse(u, v + 0.03, pose.wide * 1.12, pose.high * 1.1) && v < -pose.hair) {
        return pose.hair_colour;
    }
    if (!in_head) return colour;
    colour = pose.skin;
    double texture = 0;
    for (const Wave& wave : pose.waves) {
        texture += wave.height * std::cos(wave.u * side + wave.v * v + wave.phase);
    }
    for (double& value : colour) value += texture + 0.3 * pose.light * u / pose.wide;
    const bool shows_eye = !(hidden && u < 0);
    const double eye_x = side - pose.eye_gap, eye_y = v + pose.eye_height;
    if (shows_eye && in_ellipse(eye_x, eye_y, pose.eye * 1.5, pose.eye)) {
        colour = in_ellipse(eye_x, eye_y, pose.eye * 0.6, pose.eye * 0.6) ? pose.iris
                                                                          : Colour{0.9, 0.9, 0.9};
    } else if (shows_eye && std::abs(eye_x) < pose.eye * 1.6 &&
               std::abs(eye_y + pose.brow) < 0.012) {
        colour = pose.hair_colour;
    } else if (in_ellipse(u, v - 0.04, pose.nose * 0.5, pose.nose)) {
        for (double& value : colour) value -= 0.25;
    } else if (in_ellipse(u, v - 0.2 - pose.smile * (1 - 2 * side / pose.mouth), pose.mouth,
                          0.025)) {
        colour = pose.lips;
    }
    return colour;
}

/// Each pixel the mean of finer x finer places.
std::vector<double> drawn(const Pose& pose, std::int64_t side, bool hidden) {
    std::vector<double> image;
    const auto fine = static_cast<double>(side * finer);
    for (std::int64_t row = 0; row < side; ++row) {
        for (std::int64_t column = 0; column < side; ++column) {
            Colour sum{};
            for (std::int64_t k = 0; k < finer * finer; ++k) {
                const double y = (static_cast<double>(row * finer + k / finer) + 0.5) / fine;
                const double x = (static_cast<double>(column * finer + k % finer) + 0.5) / fine;
                const Colour colour = colour_at(pose, x, y, hidden);
                for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += colour[c];
            }
            for (const double value : sum) {
                image.push_back(std::clamp(value / static_cast<double>(finer * finer), -1.0, 1.0));
            }
        }
    }
    return image;
}

double cubic(double x) {
    const double d = std::abs(x);
    if (d < 1) return 1.5 * d * d * d - 2.5 * d * d + 1;
    return d < 2 ? -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2 : 0;
}

/// Which old pixels a new one is made of, and how much of each.
struct Taps {
    std::vector<std::int64_t> places;
    std::vector<double> weights;
};

Taps taps_of(std::int64_t at, std::int64_t side, std::int64_t new_side) {
    const double ratio = static_cast<double>(side) / static_cast<double>(new_side);
    const double scale = std::max(ratio, 1.0), centre = (static_cast<double>(at) + 0.5) * ratio;
    Taps taps;
    double sum = 0;
    const auto first = static_cast<std::int64_t>(std::floor(centre - 2 * scale));
    const auto last = static_cast<std::int64_t>(std::ceil(centre + 2 * scale));
    for (std::int64_t k = first; k <= last; ++k) {
        const double weight = cubic((static_cast<double>(k) + 0.5 - centre) / scale);
        if (weight == 0) continue;
        taps.places.push_back(std::clamp<std::int64_t>(k, 0, side - 1));
        taps.weights.push_back(weight);
        sum += weight;
    }
    for (double& weight : taps.weights) weight /= sum;
    return taps;
}

}  // namespace

std::vector<double> resized(const std::vector<double>& image, std::int64_t side,
                            std::int64_t new_side) {
    ELM_CHECK(side >= 1 && new_side >= 1 && std::ssize(image) == side * side * channels,
              "an image of {} values to be made {} pixels wide: expected {} x {} of 3 channels.",
              image.size(), new_side, side, side);
    std::vector<Taps> taps;
    for (std::int64_t k = 0; k < new_side; ++k) taps.push_back(taps_of(k, side, new_side));
    std::vector<double> wide, result;
    // One direction after the other: rows keep their number at first.
    for (std::int64_t row = 0; row < side; ++row) {
        for (const Taps& tap : taps) {
            for (std::int64_t c = 0; c < channels; ++c) {
                double sum = 0;
                for (std::size_t k = 0; k < tap.places.size(); ++k) {
                    sum += tap.weights[k] * image[static_cast<std::size_t>(
                                                (row * side + tap.places[k]) * channels + c)];
                }
                wide.push_back(sum);
            }
        }
    }
    const std::int64_t row_size = new_side * channels;
    for (const Taps& tap : taps) {
        for (std::int64_t at = 0; at < row_size; ++at) {
            double sum = 0;
            for (std::size_t k = 0; k < tap.places.size(); ++k) {
                sum +=
                    tap.weights[k] * wide[static_cast<std::size_t>(tap.places[k] * row_size + at)];
            }
            result.push_back(sum);
        }
    }
    return result;
}

Face make_face(std::int64_t side, std::int64_t factor, std::uint64_t seed, std::uint64_t index) {
    ELM_CHECK(factor >= 1 && side >= factor && side % factor == 0,
              "a face of {} pixels, made {} times smaller: expected a multiple.", side, factor);
    SampleDraws draws(seed, index, "sr-syn 1");
    const Pose pose = draw_pose(draws);
    const bool hidden = draws.with_probability(0.5);
    Face face;
    face.clean = drawn(pose, side, false);
    const std::vector<double> seen = hidden ? drawn(pose, side, true) : face.clean;
    face.enlarged = resized(resized(seen, side, side / factor), side / factor, side);
    for (const double value : face.clean) {
        face.image.push_back(std::clamp(value + noise * draws.normal(), -1.0, 1.0));
    }
    return face;
}

}  // namespace elm
