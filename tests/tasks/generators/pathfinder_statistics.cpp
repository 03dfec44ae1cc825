#include "tests/tasks/generators/pathfinder_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>

#include "kernels/core/support/parallel.h"

namespace elm::test {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

template <class A, class B>
double distance(const A& a, const B& b) {
    return std::hypot(a.row - b.row, a.column - b.column);
}

void count_up(std::vector<double>& histogram, std::size_t bin) {
    if (bin >= histogram.size()) histogram.resize(bin + 1);
    ++histogram[bin];
}

std::size_t degree_bin(const PathfinderPaddle& paddle) {
    const auto degree = std::lround(paddle.angle * 180 / std::numbers::pi);
    return static_cast<std::size_t>((degree + 540) % 360);  // -180 first
}

}  // namespace

void PathfinderHistograms::add(const PathfinderGenerator& generator,
                               const PathfinderSample& sample) {
    std::array<double, 256> greys{};
    for (const std::uint8_t pixel : sample.image) ++greys[pixel];
    for (std::size_t grey = 0; grey < greys.size(); ++grey) {
        grey_sum[grey] += greys[grey];
        grey_squares[grey] += greys[grey] * greys[grey];
    }
    ++images;
    count_up(label, static_cast<std::size_t>(sample.label));
    count_up(margin, static_cast<std::size_t>(sample.margin));
    const auto length = static_cast<std::size_t>(generator.distractor_length());
    count_up(distractors_placed, sample.distractors.size() / length);
    count_up(seed_angle_first_target, degree_bin(sample.targets.front()));
    for (std::size_t k = 0; k < sample.distractors.size(); k += length) {
        count_up(seed_angle_distractors, degree_bin(sample.distractors[k]));
    }
}

std::vector<double> measure_pathfinder(const PathfinderGenerator& generator,
                                       const PathfinderSample& sample) {
    const auto pixels = static_cast<double>(sample.image.size());
    double sum = 0, squares = 0;
    std::vector<double> above(5, 0);
    double white = 0;
    for (const std::uint8_t pixel : sample.image) {
        sum += pixel;
        squares += static_cast<double>(pixel) * pixel;
        const int limits[] = {0, 12, 63, 127, 191};
        for (std::size_t k = 0; k < above.size(); ++k) above[k] += pixel > limits[k];
        white += pixel == 255;
    }
    const double mean = sum / pixels;

    const auto length = static_cast<std::size_t>(generator.contour_length());
    double path = 0, chord = 0, turn = 0;
    for (std::size_t contour = 0; contour < 2; ++contour) {
        const PathfinderPaddle* paddle = sample.targets.data() + contour * length;
        chord += distance(paddle[0], paddle[length - 1]) / 2;
        for (std::size_t k = 2; k < length; ++k) {
            path += distance(paddle[k], paddle[k - 1]) / 2;
            turn += std::fabs(std::remainder(paddle[k].angle - paddle[k - 1].angle,
                                             2 * std::numbers::pi)) /
                    static_cast<double>(2 * (length - 2));
        }
    }
    const double apart = distance(sample.origin_marker, sample.terminal_marker);
    return {mean,
            above[0] / pixels,
            above[1] / pixels,
            above[2] / pixels,
            above[3] / pixels,
            above[4] / pixels,
            white / pixels,
            std::sqrt(squares / pixels - mean * mean),
            apart,
            sample.label == 0 ? apart : none,
            sample.label == 1 ? apart : none,
            path,
            chord,
            turn * 180 / std::numbers::pi,
            static_cast<double>(sample.distractors.size()) / generator.distractor_length(),
            static_cast<double>(sample.attempts),
            static_cast<double>(sample.seed_failures),
            static_cast<double>(sample.distractor_tries),
            sample.brightest};
}

PathfinderStatistics pathfinder_statistics(const PathfinderGenerator& generator, std::uint64_t seed,
                                           std::int64_t count) {
    const std::size_t n = pathfinder_quantities.size();
    std::vector<double> values(static_cast<std::size_t>(count) * n);
    PathfinderStatistics statistics;
    std::mutex adding;
    constexpr std::int64_t at_once = 16;
    Cpu::for_each_task((count + at_once - 1) / at_once, [&](std::int64_t task) {
        PathfinderWorkspace workspace;
        PathfinderSample sample;
        for (std::int64_t k = task * at_once; k < std::min(count, (task + 1) * at_once); ++k) {
            generator.draw(seed, static_cast<std::uint64_t>(k), sample, workspace);
            const std::vector<double> measured = measure_pathfinder(generator, sample);
            std::copy(measured.begin(), measured.end(),
                      values.begin() + k * static_cast<std::int64_t>(n));
            const std::lock_guard lock(adding);  // counts: the order does not matter
            statistics.histograms.add(generator, sample);
        }
    });
    for (std::size_t quantity = 0; quantity < n; ++quantity) {
        double sum = 0, squares = 0, drawn = 0;
        for (std::size_t k = quantity; k < values.size(); k += n) {
            if (std::isnan(values[k])) continue;
            ++drawn;
            sum += values[k];
            squares += values[k] * values[k];
        }
        const double mean = sum / drawn;
        statistics.mean.push_back(mean);
        statistics.standard_error.push_back(
            std::sqrt(std::max(0.0, squares / drawn - mean * mean) / (drawn - 1)));
    }
    return statistics;
}

}  // namespace elm::test
