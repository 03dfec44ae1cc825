#include "kernels/core/simd/lanes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace elm::lanes {
namespace {

constexpr int N = native<float>;

/// Largest value of `error(argument, result)` over a sweep of arguments.
template <class Function, class Error>
double largest_error(const Function& function, const Error& error) {
    double largest = 0;
    for (double x = -100; x < 100; x += 1e-3) {
        Vec<float, N> in = broadcast<float, N>(static_cast<float>(x));
        for (int lane = 0; lane < N; ++lane) in[lane] *= 1.0F + 1e-4F * static_cast<float>(lane);
        const Vec<float, N> out = function(in);
        for (int lane = 0; lane < N; ++lane) {
            largest = std::max(largest, error(double{in[lane]}, double{out[lane]}));
        }
    }
    return largest;
}

TEST(ElmLanes, scaled_tanh_is_within_five_ulp) {
    const double worst = largest_error(
        [](const auto& x) { return scaled_tanh<float, N>(x); },
        [](double x, double result) {
            const double exact = 1.7159 * std::tanh(2 * x / 3);
            const double ulp = std::abs(exact) * std::numeric_limits<float>::epsilon() / 2;
            return std::abs(result - exact) / std::max(ulp, 1e-45);
        });
    EXPECT_LT(worst, 10);  // five units of the last place, each at most epsilon |x|
}

TEST(ElmLanes, scaled_tanh_keeps_small_arguments) {
    for (const float x : {0.0F, 1e-30F, -1e-20F, 3e-8F, -1e-4F}) {
        const auto result = scaled_tanh<float, N>(broadcast<float, N>(x));
        EXPECT_NEAR(result[0], 1.7159 * 2.0 / 3.0 * double{x}, 3e-7 * std::abs(double{x}));
    }
}

TEST(ElmLanes, silu_is_within_its_stated_error) {
    const double worst =
        largest_error([](const auto& x) { return silu<float, N>(x); },
                      [](double x, double result) {
                          const double exact = x / (1 + std::exp(-x));
                          return std::abs(result - exact) / std::max(1.0, std::abs(exact));
                      });
    EXPECT_LT(worst, 2e-7);
}

TEST(ElmLanes, activations_take_infinite_and_undefined_arguments) {
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto at = [](const auto& function, float x) {
        return function(broadcast<float, N>(0.0F) + x)[0];
    };
    const auto phi = [](const auto& x) { return scaled_tanh<float, N>(x); };
    const auto swish = [](const auto& x) { return silu<float, N>(x); };
    EXPECT_FLOAT_EQ(at(phi, infinity), 1.7159F);
    EXPECT_FLOAT_EQ(at(phi, -infinity), -1.7159F);
    EXPECT_TRUE(std::isnan(at(phi, nan)));
    EXPECT_EQ(at(swish, infinity), infinity);
    EXPECT_TRUE(std::isnan(at(swish, nan)));
}

template <class Real, int Lanes>
void transposes() {
    Vec<Real, Lanes> rows[Lanes];
    for (int i = 0; i < Lanes; ++i) {
        for (int j = 0; j < Lanes; ++j) rows[i][j] = static_cast<Real>(100 * i + j);
    }
    transpose<Real, Lanes>(rows);
    for (int i = 0; i < Lanes; ++i) {
        for (int j = 0; j < Lanes; ++j) EXPECT_EQ(rows[i][j], static_cast<Real>(100 * j + i));
    }
}

TEST(ElmLanes, transposes_square_blocks) {
    transposes<float, native<float>>();
    transposes<float, native<float> / 2>();
    transposes<double, native<double>>();
}

}  // namespace
}  // namespace elm::lanes
