#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"

namespace elm {

/// Points of one space, one after the other.
struct PointSet {
    std::int64_t dimensions = 0;
    std::vector<double> values = {};  // (points, dimensions)

    std::int64_t count() const noexcept { return std::ssize(values) / dimensions; }
    const double* at(std::int64_t point) const { return values.data() + point * dimensions; }
};

struct Clusters {
    std::vector<std::int64_t> of_point;  // number of its cluster
    double inertia = 0;                  // sum of squared distances to the centres
};

struct KMeansOptions {
    std::int64_t iterations = 50, restarts = 10;
    RandomKey key = {};
};

/// `n_clusters` clusters of nearest points: Lloyd's iterations (Lloyd 1982,
/// doi:10.1109/TIT.1982.1056489) from centres drawn as by Arthur & Vassilvitskii 2007 (k-means++),
/// the best of several starts. A cluster that runs empty keeps its centre. The same on any number
/// of threads. Throws Error{invalid} for fewer points than clusters
/// and for no start.
Clusters k_means(const PointSet& points, std::int64_t n_clusters, const KMeansOptions& options);

}  // namespace elm
