// Clusters of points that are plain to see, and what does not depend on threads.

#include "tasks/arena/sets/k_means.h"

#include <set>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

/// Groups of points around (0, 0), (100, 0), (0, 100), a unit wide, in turn.
PointSet three_groups(std::int64_t n) {
    PointSet points{.dimensions = 2};
    const RandomKey key{5};
    for (std::int64_t k = 0; k < n; ++k) {
        points.values.push_back((k % 3 == 1 ? 100 : 0) +
                                unit_uniform<double>(random_word(key, 2 * k)));
        points.values.push_back((k % 3 == 2 ? 100 : 0) +
                                unit_uniform<double>(random_word(key, 2 * k + 1)));
    }
    return points;
}

TEST(KMeans, finds_groups_that_are_far_apart) {
    const Clusters clusters = k_means(three_groups(90), 3, {.key = RandomKey{1}});
    for (std::size_t k = 3; k < 90; ++k) {
        EXPECT_EQ(clusters.of_point[k], clusters.of_point[k % 3]);
    }
    const std::set<std::int64_t> found(clusters.of_point.begin(), clusters.of_point.end());
    EXPECT_EQ(found.size(), 3u);
    // Points are uniform in a unit square: squared distances to the centre of 1/6 on average.
    EXPECT_NEAR(clusters.inertia / 90, 1.0 / 6, 0.05);
}

TEST(KMeans, is_the_same_on_any_number_of_threads) {
    const PointSet points = three_groups(200);
    const int before = thread_count();
    set_thread_count(1);
    const Clusters alone = k_means(points, 17, {.key = RandomKey{2}});
    set_thread_count(4);
    const Clusters together = k_means(points, 17, {.key = RandomKey{2}});
    set_thread_count(before);
    EXPECT_EQ(alone.of_point, together.of_point);
    EXPECT_EQ(alone.inertia, together.inertia);
}

TEST(KMeans, of_equal_points_and_of_one_cluster_each) {
    const PointSet equal{.dimensions = 1, .values = std::vector<double>(5, 3)};
    EXPECT_EQ(k_means(equal, 2, {}).inertia, 0);
    const PointSet few{.dimensions = 1, .values = {1, 2, 3}};
    EXPECT_EQ(k_means(few, 3, {.key = RandomKey{4}}).inertia, 0);
    EXPECT_THROW(k_means(few, 4, {}), Error);
    EXPECT_THROW(k_means(few, 2, {.restarts = 0}), Error);
}

}  // namespace
}  // namespace elm
