#include "tasks/arena/sets/k_means.h"

#include <algorithm>
#include <limits>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

double squared_distance(const double* a, const double* b, std::int64_t dimensions) {
    double sum = 0;
    for (std::int64_t k = 0; k < dimensions; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

void add_centre(const PointSet& points, std::int64_t point, PointSet& centres) {
    centres.values.insert(centres.values.end(), points.at(point),
                          points.at(point) + points.dimensions);
}

/// Each next centre is a point, drawn in proportion to its squared distance from the nearest one.
PointSet first_centres(const PointSet& points, std::int64_t n_clusters, const RandomKey& key) {
    const std::int64_t n = points.count();
    const auto uniform = [&](std::int64_t draw) {
        return unit_uniform<double>(random_word(key, draw));
    };
    PointSet centres{.dimensions = points.dimensions};
    add_centre(points, static_cast<std::int64_t>(uniform(0) * static_cast<double>(n)), centres);
    std::vector<double> nearest(static_cast<std::size_t>(n),
                                std::numeric_limits<double>::infinity());
    for (std::int64_t c = 1; c < n_clusters; ++c) {
        double total = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            double& own = nearest[static_cast<std::size_t>(i)];
            own =
                std::min(own, squared_distance(points.at(i), centres.at(c - 1), points.dimensions));
            total += own;
        }
        double left = uniform(c) * total;
        std::int64_t chosen = 0;
        while (chosen + 1 < n && left >= nearest[static_cast<std::size_t>(chosen)]) {
            left -= nearest[static_cast<std::size_t>(chosen++)];
        }
        add_centre(points, chosen, centres);
    }
    return centres;
}

Clusters assign(const PointSet& points, const PointSet& centres) {
    Clusters clusters;
    for (std::int64_t i = 0; i < points.count(); ++i) {
        std::int64_t best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::int64_t c = 0; c < centres.count(); ++c) {
            const double distance =
                squared_distance(points.at(i), centres.at(c), points.dimensions);
            if (distance >= least) continue;
            least = distance;
            best = c;
        }
        clusters.of_point.push_back(best);
        clusters.inertia += least;
    }
    return clusters;
}

void move_centres(const PointSet& points, const Clusters& clusters, PointSet& centres) {
    const auto d = static_cast<std::size_t>(points.dimensions);
    std::vector<double> sums(centres.values.size(), 0);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(centres.count()), 0);
    for (std::int64_t i = 0; i < points.count(); ++i) {
        const auto c = static_cast<std::size_t>(clusters.of_point[static_cast<std::size_t>(i)]);
        ++counts[c];
        for (std::size_t k = 0; k < d; ++k) sums[c * d + k] += points.at(i)[k];
    }
    for (std::size_t c = 0; c < counts.size(); ++c) {
        if (counts[c] == 0) continue;
        for (std::size_t k = 0; k < d; ++k) {
            centres.values[c * d + k] = sums[c * d + k] / static_cast<double>(counts[c]);
        }
    }
}

}  // namespace

Clusters k_means(const PointSet& points, std::int64_t n_clusters, const KMeansOptions& options) {
    ELM_CHECK(n_clusters > 0 && n_clusters <= points.count(),
              "{} points are not divided into {} clusters.", points.count(), n_clusters);
    ELM_CHECK(options.restarts > 0 && options.iterations >= 0,
              "{} starts of {} iterations: expected one start at least.", options.restarts,
              options.iterations);
    std::vector<Clusters> starts(static_cast<std::size_t>(options.restarts));
    Cpu::for_each_task(options.restarts, [&](std::int64_t start) {
        PointSet centres = first_centres(points, n_clusters,
                                         options.key.at_step(static_cast<std::uint64_t>(start)));
        Clusters clusters = assign(points, centres);
        for (std::int64_t k = 0; k < options.iterations; ++k) {
            move_centres(points, clusters, centres);
            Clusters next = assign(points, centres);
            const bool is_same = next.of_point == clusters.of_point;
            clusters = std::move(next);
            if (is_same) break;
        }
        starts[static_cast<std::size_t>(start)] = std::move(clusters);
    });
    return *std::min_element(starts.begin(), starts.end(),
                             [](const auto& a, const auto& b) { return a.inertia < b.inertia; });
}

}  // namespace elm
