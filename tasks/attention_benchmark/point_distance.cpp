#include "tasks/attention_benchmark/point_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::size_t axes = 3;

double mean(const std::vector<double>& squared, bool takes_root) {
    double sum = 0;
    for (const double value : squared) sum += takes_root ? std::sqrt(value) : value;
    return sum / static_cast<double>(squared.size());
}

double share_below(const std::vector<double>& squared, double threshold) {
    const auto near = std::count_if(squared.begin(), squared.end(),
                                    [&](double value) { return std::sqrt(value) < threshold; });
    return static_cast<double>(near) / static_cast<double>(squared.size());
}

}  // namespace

NearestPoints nearest_points(std::span<const double> from, std::span<const double> to) {
    ELM_CHECK(!from.empty() && !to.empty() && from.size() % axes == 0 && to.size() % axes == 0,
              "clouds of {} and {} values: expected points of three each.", from.size(), to.size());
    NearestPoints nearest;
    for (std::size_t at = 0; at < from.size(); at += axes) {
        double best = std::numeric_limits<double>::infinity();
        std::size_t place = 0;
        for (std::size_t other = 0; other < to.size(); other += axes) {
            const double x = from[at] - to[other], y = from[at + 1] - to[other + 1],
                         z = from[at + 2] - to[other + 2];
            const double squared = x * x + y * y + z * z;
            if (squared >= best) continue;
            best = squared;
            place = other / axes;
        }
        nearest.index.push_back(static_cast<std::int64_t>(place));
        nearest.squared.push_back(best);
    }
    return nearest;
}

CloudDistance cloud_distance(std::span<const double> predicted, std::span<const double> truth,
                             double threshold) {
    const std::vector<double> there = nearest_points(predicted, truth).squared,
                              back = nearest_points(truth, predicted).squared;
    const double precision = share_below(there, threshold), recall = share_below(back, threshold);
    return {.l1 = (mean(there, true) + mean(back, true)) / 2,
            .l2 = mean(there, false) + mean(back, false),
            .f = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0};
}

double cloud_loss(std::span<const double> predicted, std::span<const double> truth,
                  std::span<double> gradient) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    const auto pull = [&](std::size_t mine, std::size_t theirs, double squared, double share) {
        if (squared == 0) return;
        const double scale = share / std::sqrt(squared);
        for (std::size_t axis = 0; axis < axes; ++axis) {
            gradient[axes * mine + axis] +=
                scale * (predicted[axes * mine + axis] - truth[axes * theirs + axis]);
        }
    };
    const NearestPoints there = nearest_points(predicted, truth),
                        back = nearest_points(truth, predicted);
    for (std::size_t k = 0; k < there.index.size(); ++k) {
        pull(k, static_cast<std::size_t>(there.index[k]), there.squared[k],
             0.5 / static_cast<double>(there.index.size()));
    }
    for (std::size_t k = 0; k < back.index.size(); ++k) {
        pull(static_cast<std::size_t>(back.index[k]), k, back.squared[k],
             0.5 / static_cast<double>(back.index.size()));
    }
    return (mean(there.squared, true) + mean(back.squared, true)) / 2;
}

}  // namespace elm
