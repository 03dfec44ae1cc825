#include "kernels/core/simd/lane_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace elm {
namespace {

constexpr int N = lanes::native<float>;
using V = lanes::Vec<float, N>;

struct Function {
    std::string name;
    V (*vector)(const V&);
    double (*exact)(double);
    double units;         // allowed, in the last place of the exact result
    double absolute = 0;  // allowed besides: near a zero, or below the normal numbers
};

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double exact_silu(double x) { return x * exact_sigmoid(x); }
double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

#if defined(__FMA__)
constexpr double gelu_units = 8;
#else
constexpr double gelu_units = 64;
#endif

std::vector<Function> functions() {
    return {{"exp", [](const V& x) { return lane_math::exp<N>(x); },
             [](double x) { return std::exp(x); }, 1},
            {"sigmoid", [](const V& x) { return lane_math::sigmoid<N>(x); }, exact_sigmoid, 2},
            {"silu", [](const V& x) { return lane_math::silu<N>(x); }, exact_silu, 3, 1e-43},
            {"silu_derivative", [](const V& x) { return lane_math::silu_derivative<N>(x); },
             [](double x) { return exact_sigmoid(x) * (1 + x * (1 - exact_sigmoid(x))); }, 4, 4e-7},
            {"gelu", [](const V& x) { return lane_math::gelu<N>(x); },
             [](double x) { return x * below(x); }, gelu_units},
            {"gelu_derivative", [](const V& x) { return lane_math::gelu_derivative<N>(x); },
             [](double x) {
                 return below(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
             },
             4, 4e-7},
            {"softplus", [](const V& x) { return lane_math::softplus<N>(x); },
             [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, 3},
            {"tanh", [](const V& x) { return lanes::hyperbolic_tangent<float, N>(x); },
             [](double x) { return std::tanh(x); }, 4},
            {"scaled_tanh", [](const V& x) { return lanes::scaled_tanh<float, N>(x); },
             [](double x) { return double{1.7159F} * std::tanh(x * 2 / 3); }, 5}};
}

float at_lane(const Function& function, float x, int lane) {
    V values{};
    values[lane] = x;
    return function.vector(values)[lane];
}

/// Distance in units in the last place; below the normal numbers, in those of the smallest one.
double units_off(float result, double exact) {
    if (static_cast<float>(exact) == result) return 0;
    const double smallest = std::numeric_limits<float>::min();
    const double size = std::max(std::abs(exact), smallest);
    return std::abs(static_cast<double>(result) - exact) / std::ldexp(1.0, std::ilogb(size) - 23);
}

/// Every 4099th float, of both signs, from the smallest to the largest.
TEST(LaneMath, is_as_exact_as_it_says_over_the_whole_range) {
    for (const Function& function : functions()) {
        double worst = 0, where = 0;
        for (std::uint32_t bits = 0; bits < 0x7F800000; bits += 4099) {
            for (const std::uint32_t sign : {0u, 0x80000000u}) {
                const auto x = std::bit_cast<float>(bits | sign);
                const float result = at_lane(function, x, static_cast<int>(bits % N));
                const double exact = function.exact(x);
                if (std::abs(static_cast<double>(result) - exact) <= function.absolute) continue;
                const double off = units_off(result, exact);
                if (!(off <= worst)) {
                    worst = off;
                    where = static_cast<double>(x);
                }
            }
        }
        EXPECT_LE(worst, function.units) << function.name << " at " << where;
        RecordProperty(function.name, std::to_string(worst));
    }
}

TEST(LaneMath, knows_infinities_and_nan) {
    const float infinity = std::numeric_limits<float>::infinity();
    const auto at = [](const std::string& name, float x) {
        for (const Function& function : functions()) {
            if (function.name == name) return at_lane(function, x, 0);
        }
        throw std::logic_error(name);
    };
    for (const Function& function : functions()) {
        EXPECT_TRUE(std::isnan(at_lane(function, std::nanf(""), N - 1))) << function.name;
    }
    EXPECT_EQ(at("exp", infinity), infinity);
    EXPECT_EQ(at("exp", -infinity), 0);
    EXPECT_EQ(at("exp", 88.8F), infinity);
    EXPECT_EQ(at("sigmoid", infinity), 1);
    EXPECT_EQ(at("sigmoid", -infinity), 0);
    EXPECT_EQ(at("silu", infinity), infinity);
    EXPECT_EQ(at("silu", -infinity), 0);
    EXPECT_EQ(at("silu_derivative", infinity), 1);
    EXPECT_EQ(at("silu_derivative", -infinity), 0);
    EXPECT_EQ(at("gelu", infinity), infinity);
    EXPECT_EQ(at("gelu", -infinity), 0);
    EXPECT_EQ(at("gelu_derivative", infinity), 1);
    EXPECT_EQ(at("gelu_derivative", -infinity), 0);
    EXPECT_EQ(at("softplus", infinity), infinity);
    EXPECT_EQ(at("softplus", -infinity), 0);
    EXPECT_EQ(at("tanh", infinity), 1);
    EXPECT_EQ(at("tanh", -infinity), -1);
}

TEST(LaneMath, gives_the_same_bits_at_every_place) {
    std::vector<float> values;
    for (int i = 0; i < 3 * N + 5; ++i) values.push_back(0.37F * static_cast<float>(i) - 9);
    for (const Function& function : functions()) {
        std::vector<float> whole(values.size());
        lane_math::transform(values.data(), whole.data(), static_cast<std::int64_t>(values.size()),
                             function.vector);
        for (std::size_t i = 0; i < values.size(); ++i) {
            for (int lane = 0; lane < N; ++lane) {
                EXPECT_EQ(at_lane(function, values[i], lane), whole[i]) << function.name;
            }
        }
    }
}

}  // namespace
}  // namespace elm
