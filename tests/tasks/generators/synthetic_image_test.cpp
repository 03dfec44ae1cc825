// The made-up images: classes are as likely as each other, and no histogram tells them apart.

#include "tasks/lra/images/synthetic_image.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

using Image = std::vector<std::uint8_t>;
constexpr std::size_t n_classes = synthetic_image_classes;
constexpr std::size_t bins = 32;
using Histogram = std::array<double, bins>;

Histogram histogram_of(const Image& image) {
    Histogram histogram{};
    for (const std::uint8_t pixel : image) ++histogram[pixel * bins / 256];
    return histogram;
}

/// The class whose mean histogram is nearest in Hellinger's distance.
std::size_t nearest(const std::array<Histogram, n_classes>& means, const Histogram& histogram) {
    std::size_t best = 0;
    double smallest = INFINITY;
    for (std::size_t c = 0; c < n_classes; ++c) {
        double distance = 0;
        for (std::size_t b = 0; b < bins; ++b) {
            const double d = std::sqrt(means[c][b]) - std::sqrt(histogram[b]);
            distance += d * d;
        }
        if (distance < smallest) {
            smallest = distance;
            best = c;
        }
    }
    return best;
}

TEST(SyntheticImage, classes_are_even_and_histograms_do_not_tell_them) {
    constexpr int n = 6000;
    std::array<Histogram, n_classes> means{};
    std::array<double, n_classes> count{};
    Image image(synthetic_image_pixels);
    for (std::uint64_t index = 0; index < n; ++index) {
        const auto label = static_cast<std::size_t>(fill_synthetic_image(1, index, image));
        const Histogram histogram = histogram_of(image);
        for (std::size_t b = 0; b < bins; ++b) means[label][b] += histogram[b];
        ++count[label];
    }
    for (std::size_t c = 0; c < n_classes; ++c) {
        EXPECT_NEAR(count[c], n / 10.0, 4.5 * std::sqrt(n * 0.09));
        for (double& value : means[c]) value /= count[c];
    }
    int right = 0;
    for (std::uint64_t index = n; index < 2 * n; ++index) {
        const auto label = static_cast<std::size_t>(fill_synthetic_image(1, index, image));
        right += nearest(means, histogram_of(image)) == label;
    }
    EXPECT_NEAR(right, n / 10.0, 0.03 * n);  // chance is a tenth
}

TEST(SyntheticImage, shows_a_shape_that_differs_from_what_is_around_it) {
    Image image(synthetic_image_pixels);
    for (std::uint64_t index = 0; index < 200; ++index) {
        fill_synthetic_image(2, index, image);
        double sum = 0, squares = 0;
        for (const std::uint8_t pixel : image) {
            sum += pixel;
            squares += static_cast<double>(pixel) * pixel;
        }
        const double mean = sum / synthetic_image_pixels;
        // A part of 110 / 1024 that differs by 50 alone makes a standard deviation of 15.
        EXPECT_GT(std::sqrt(squares / synthetic_image_pixels - mean * mean), 10) << index;
    }
}

TEST(SyntheticImage, is_the_same_for_the_same_seed_and_index) {
    Image a(synthetic_image_pixels), b(a), c(a);
    EXPECT_EQ(fill_synthetic_image(1, 7, a), fill_synthetic_image(1, 7, b));
    EXPECT_EQ(a, b);
    fill_synthetic_image(2, 7, c);
    EXPECT_NE(a, c);
    Image small(10);
    EXPECT_THROW(fill_synthetic_image(1, 7, small), Error);
}

}  // namespace
}  // namespace elm
