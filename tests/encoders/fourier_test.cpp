// The Fourier transform of the cochlea against its definition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "encoders/cochlea/fourier.h"
#include "kernels/core/random/philox_lanes.h"

namespace elm::test {
namespace {

/// A naive transform.
std::vector<std::complex<double>> slow_transform(const std::vector<std::complex<double>>& x) {
    std::vector<std::complex<double>> sums(x.size());
    const auto n = x.size();
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t m = 0; m < n; ++m) {
            sums[k] +=
                x[m] * std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(m * k % n) /
                                           static_cast<double>(n));
        }
    }
    return sums;
}

template <class Real>
void expect_transform(std::int64_t length) {
    std::vector<std::complex<double>> x;
    std::vector<Real> re, im;
    for (std::int64_t m = 0; m < length; ++m) {
        const PhiloxCounter block = random_block({.seed = 5}, m);
        re.push_back(static_cast<Real>(unit_uniform<double>(block.word[0]) - 0.5));
        im.push_back(static_cast<Real>(unit_uniform<double>(block.word[1]) - 0.5));
        x.emplace_back(re.back(), im.back());
    }
    const Fourier<Real> fourier(length);
    typename Fourier<Real>::Workspace workspace;
    fourier.transform(re.data(), im.data(), re.data(), im.data(), workspace);
    const auto expected = slow_transform(x);
    double size = 0;
    for (const auto& value : expected) size = std::max(size, std::abs(value));
    // Rounding grows with the stages, about log2 of the length; a chirp goes there and back.
    const double allowed = 4 * std::numeric_limits<Real>::epsilon() *
                           (1 + std::log2(static_cast<double>(length))) * size;
    for (std::size_t k = 0; k < expected.size(); ++k) {
        EXPECT_NEAR(re[k], expected[k].real(), allowed) << length << " " << k;
        EXPECT_NEAR(im[k], expected[k].imag(), allowed) << length << " " << k;
    }
}

TEST(Fourier, has_the_sums_of_its_definition) {
    for (const std::int64_t length : {1, 2, 3, 7, 33, 256, 257, 512, 768, 1280, 1201}) {
        expect_transform<float>(length);
        expect_transform<double>(length);
    }
}

TEST(Fourier, smooth_lengths_are_multiples_with_small_factors) {
    EXPECT_EQ(Fourier<float>::smooth_length(1), 256);
    EXPECT_EQ(Fourier<float>::smooth_length(257), 512);
    EXPECT_EQ(Fourier<float>::smooth_length(24001), 24576);  // 96 * 256
    EXPECT_EQ(Fourier<float>::smooth_length(19087), 19200);  // 75 * 256
}

}  // namespace
}  // namespace elm::test
