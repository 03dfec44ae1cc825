#include "kernels/core/random/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace elm {
namespace {

using test::values_of;

constexpr RandomKey key{1234, 5, 6};
constexpr std::int64_t many = 100'000;

/// Draws a tensor of `count` elements on one device with one of the fills below.
template <class Fill>
std::vector<double> draw(Device device, std::int64_t count, DType dtype, const Fill& fill) {
    Stream stream{device};
    const Tensor values = Tensor::empty(stream, {count}, dtype);
    fill(stream, values);
    EXPECT_TRUE(values.storage().guards_intact());
    return values_of(values);
}

const auto uniform = [](Stream& stream, const Tensor& values) {
    fill_uniform(stream, values, key, -2.0, 3.0);
};
const auto normal = [](Stream& stream, const Tensor& values) {
    fill_normal(stream, values, key, 1.0, 2.0);
};
const auto bernoulli = [](Stream& stream, const Tensor& values) {
    fill_bernoulli(stream, values, key, 0.25);
};

double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(const std::vector<double>& values) {
    const double mean = mean_of(values);
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size());
}

// Bounds below are five standard errors of the estimate.
TEST(Random, uniform_has_the_mean_and_variance_of_its_interval) {
    const auto values = draw({}, many, DType::f64, uniform);
    const double variance = 25.0 / 12, error = 5 / std::sqrt(static_cast<double>(many));
    EXPECT_NEAR(mean_of(values), 0.5, error * std::sqrt(variance));
    EXPECT_NEAR(variance_of(values), variance, error * variance);
    for (const double value : values) ASSERT_TRUE(value >= -2 && value < 3) << value;
}

TEST(Random, normal_has_its_mean_variance_and_tails) {
    const auto values = draw({}, many, DType::f64, normal);
    const double error = 5 / std::sqrt(static_cast<double>(many));
    EXPECT_NEAR(mean_of(values), 1.0, error * 2);
    EXPECT_NEAR(variance_of(values), 4.0, error * 4 * std::sqrt(2.0));
    double beyond_two = 0;
    for (const double value : values) beyond_two += std::abs(value - 1) > 4 ? 1 : 0;
    const double share = 0.04550026389635842;  // 2 (1 - Phi(2))
    EXPECT_NEAR(beyond_two / many, share, error * std::sqrt(share * (1 - share)));
}

TEST(Random, bernoulli_has_its_probability_and_both_limits) {
    const auto values = draw({}, many, DType::u8, bernoulli);
    EXPECT_NEAR(mean_of(values), 0.25, 5 * std::sqrt(0.25 * 0.75 / many));
    for (const double limit : {0.0, 1.0}) {
        const auto same = draw({}, many, DType::u8, [&](Stream& stream, const Tensor& tensor) {
            fill_bernoulli(stream, tensor, key, limit);
        });
        EXPECT_EQ(mean_of(same), limit);
    }
}

TEST(Random, floats_are_the_doubles_rounded) {
    const auto doubles = draw({}, 257, DType::f64, normal);
    const auto floats = draw({}, 257, DType::f32, normal);
    for (std::size_t i = 0; i < doubles.size(); ++i) {
        EXPECT_EQ(floats[i], static_cast<double>(static_cast<float>(doubles[i])));
    }
}

TEST(Random, a_shorter_draw_is_the_beginning_of_a_longer_one) {
    const auto longest = draw({}, 1000, DType::f32, uniform);
    for (const std::int64_t count : {0, 1, 7, 33, 257}) {
        const auto values = draw({}, count, DType::f32, uniform);
        ASSERT_EQ(values.size(), static_cast<std::size_t>(count));
        EXPECT_TRUE(std::equal(values.begin(), values.end(), longest.begin()));
    }
}

TEST(Random, does_not_depend_on_the_number_of_threads) {
    const int threads = thread_count();
    set_thread_count(1);
    const auto one = draw({}, many, DType::f32, normal);
    set_thread_count(4);
    const auto four = draw({}, many, DType::f32, normal);
    set_thread_count(threads);
    EXPECT_EQ(one, four);
}

TEST(Random, refuses_impossible_distributions) {
    Stream stream{Device{}};
    const Tensor reals = Tensor::empty(stream, {4}, DType::f32);
    const Tensor bits = Tensor::empty(stream, {4}, DType::u8);
    EXPECT_THROW(fill_uniform(stream, reals, key, 1, 0), Error);
    EXPECT_THROW(fill_normal(stream, reals, key, 0, -1), Error);
    EXPECT_THROW(fill_bernoulli(stream, bits, key, 1.5), Error);
    EXPECT_THROW(fill_bernoulli(stream, reals, key, 0.5), Error);
    EXPECT_THROW(fill_uniform(stream, bits, key, 0, 1), Error);
}

TEST(Random, cuda_draws_the_numbers_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            EXPECT_EQ(draw(device, 10'001, dtype, uniform), draw({}, 10'001, dtype, uniform));
            EXPECT_EQ(test::difference(draw(device, 10'001, dtype, normal),
                                       draw({}, 10'001, dtype, normal), dtype, {}),
                      "");
        }
        EXPECT_EQ(draw(device, 10'001, DType::u8, bernoulli),
                  draw({}, 10'001, DType::u8, bernoulli));
    }
}

}  // namespace
}  // namespace elm
