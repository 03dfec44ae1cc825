#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

/// How far a cloud of points in space is from another one. Clouds are (points, 3) values.
/// Source: Fan et al. 2017, arXiv 1612.00603; Tatarchenko et al. 2019, arXiv 1905.03678; the sums
/// as Yu et al. 2021, arXiv 2108.08839, take them.
namespace elm {

/// Of each point of a cloud the nearest one of another, and the squared distance to it.
struct NearestPoints {
    std::vector<std::int64_t> index;
    std::vector<double> squared;
};
/// Throws Error{invalid} for clouds without points.
NearestPoints nearest_points(std::span<const double> from, std::span<const double> to);

struct CloudDistance {
    double l1 = 0;  // (mean distance one way + mean distance the other way) / 2
    double l2 = 0;  // mean squared distance one way + the other way
    double f = 0;   // harmonic mean of the shares of points that are nearer than the threshold
};
CloudDistance cloud_distance(std::span<const double> predicted, std::span<const double> truth,
                             double threshold = 0.01);

/// CloudDistance::l1, whose slope by each value of `predicted` is put into `gradient`; where points
/// coincide it is 0.
double cloud_loss(std::span<const double> predicted, std::span<const double> truth,
                  std::span<double> gradient);

}  // namespace elm
