// Transforms of bands against their definition, and the membrane that hears by them against one
// that takes whole transforms.

#include "encoders/cochlea/chirp_transform.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "encoders/cochlea/basilar_membrane.h"
#include "encoders/cochlea/sound.h"
#include "kernels/core/random/random_key.h"

namespace elm {
namespace {

double noise(std::int64_t index) {
    return unit_uniform<double>(random_word({.seed = 3}, index)) - 0.5;
}

template <class Real>
void expect_band(std::int64_t length, std::int64_t first, std::int64_t last) {
    const ChirpTransform<Real> chirp(length, first, last);
    ASSERT_EQ(chirp.inputs(), last - first + 1);
    std::vector<Real> real, imaginary;
    std::vector<Real> out_real(static_cast<std::size_t>(length)), out_imaginary(out_real.size());
    double size = 0;
    for (std::int64_t m = 0; m < chirp.inputs(); ++m) {
        real.push_back(static_cast<Real>(noise(2 * m)));
        imaginary.push_back(static_cast<Real>(noise(2 * m + 1)));
        size += std::hypot(double{real.back()}, double{imaginary.back()});
    }
    typename Fourier<Real>::Workspace workspace;
    chirp.transform(real.data(), imaginary.data(), out_real.data(), out_imaginary.data(),
                    workspace);
    // Rounding grows with the stages, there and back, and is largest where all inputs agree.
    const double allowed = 4 * double{std::numeric_limits<Real>::epsilon()} *
                           (1 + std::log2(static_cast<double>(2 * length))) * size;
    for (std::int64_t k = 0; k < length; ++k) {
        std::complex<double> sum = 0;
        for (std::int64_t m = 0; m < chirp.inputs(); ++m) {
            const auto at = static_cast<std::size_t>(m);
            const std::int64_t turns = ((first + m) * k % length + length) % length;
            sum += std::complex<double>(double{real[at]}, double{imaginary[at]}) *
                   std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(turns) /
                                       static_cast<double>(length));
        }
        const auto at = static_cast<std::size_t>(k);
        ASSERT_NEAR(double{out_real[at]}, sum.real(), allowed) << length << " " << k;
        ASSERT_NEAR(double{out_imaginary[at]}, sum.imag(), allowed) << length << " " << k;
    }
}

TEST(ChirpTransform, of_a_band_has_the_sums_of_its_definition) {
    for (const std::int64_t length : {1, 7, 257, 1201}) {
        expect_band<float>(length, 0, length - 1);
        expect_band<double>(length, 0, length - 1);
        expect_band<float>(length, -(length - 1) / 2, (length - 1) / 2);
        expect_band<double>(length, -(length / 8), length / 8);
        expect_band<double>(length, length / 3, length / 3);
    }
}

TEST(BasilarMembrane, bands_of_a_prime_length_hear_what_whole_transforms_hear) {
    constexpr std::int64_t n_samples = 2 * (2003 - 1);  // 2003 steps, a prime
    constexpr std::int64_t n_channels = 41;
    std::vector<float> sound;
    for (std::int64_t k = 0; k < n_samples; ++k) sound.push_back(static_cast<float>(noise(k)));
    const std::vector<double> clip = cochlea::level_and_window(sound);
    const cochlea::BasilarMembrane whole(n_samples, 48000, n_channels, 0),
        banded(n_samples, 48000, n_channels);
    EXPECT_LT(banded.kept_share(), 0.6) << "no channel has a band";
    EXPECT_GT(whole.kept_share(), 0.99);
    const auto n_steps = static_cast<std::size_t>(whole.n_steps());
    cochlea::BasilarMembrane::Workspace workspace;
    std::vector<float> a(n_steps), b(n_steps), c(n_steps), d(n_steps);
    const auto spectrum = whole.spectrum(clip);
    for (std::int64_t pair = 0; pair < (n_channels + 1) / 2; ++pair) {
        whole.velocities(spectrum, pair, a, b, workspace);
        banded.velocities(spectrum, pair, c, d, workspace);
        double largest = 0, off = 0;
        for (std::size_t k = 0; k < n_steps; ++k) {
            largest = std::max({largest, std::abs(double{a[k]}), std::abs(double{b[k]})});
            off = std::max({off, std::abs(double{a[k]} - double{c[k]}),
                            std::abs(double{b[k]} - double{d[k]})});
        }
        // Rounding of a transform of 4096, and a cutoff of 1e-7.
        EXPECT_LT(off, 4e-6 * largest) << pair;
    }
}

}  // namespace
}  // namespace elm
