#include "kernels/modules/input_dropout.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_elm.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

constexpr std::int64_t batch = 40, steps = 9, channels = 50;

InputDropout dropout(std::int64_t first_sample = 0) {
    return {.rate = 0.2, .key = RandomKey{3}.for_purpose("a test"), .first_sample = first_sample};
}

/// Values of dense ones after dropout, (batch, time, channels).
std::vector<double> mask(const InputDropout& drops, std::int64_t samples, Device device = {},
                         DType dtype = DType::f64) {
    Stream stream{device};
    Context context{.stream = stream};
    const Shape shape{samples, steps, channels};
    const std::vector<double> ones(static_cast<std::size_t>(shape.size()), 1);
    return test::values_of(
        drop_values(context, drops, {test::tensor_of(stream, shape, dtype, ones)}).value);
}

TEST(InputDropout, drops_a_channel_in_all_steps_and_keeps_the_mean) {
    const std::vector<double> values = mask(dropout(), batch);
    std::int64_t kept = 0;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
        for (std::int64_t channel = 0; channel < channels; ++channel) {
            const auto at = [&](std::int64_t step) {
                return values[static_cast<std::size_t>((sample * steps + step) * channels +
                                                       channel)];
            };
            const bool keeps = dropout().keeps(sample, channel, channels);
            kept += keeps ? 1 : 0;
            for (std::int64_t step = 0; step < steps; ++step) {
                EXPECT_EQ(at(step), keeps ? 1 / (1 - 0.2) : 0);
            }
        }
    }
    // Five standard deviations of a binomial number.
    const double n = batch * channels;
    EXPECT_NEAR(static_cast<double>(kept), 0.8 * n, 5 * std::sqrt(0.8 * 0.2 * n));
}

TEST(InputDropout, follows_from_the_key_and_the_number_of_the_sample) {
    const std::vector<double> whole = mask(dropout(), batch);
    const std::vector<double> part = mask(dropout(10), 5);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 10 * steps * channels));
    InputDropout other = dropout();
    other.key = RandomKey{4}.for_purpose("a test");
    EXPECT_NE(mask(other, batch), whole);
    std::set<std::vector<double>> samples;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
        const auto first = whole.begin() + sample * steps * channels;
        samples.emplace(first, first + channels);
    }
    EXPECT_EQ(samples.size(), static_cast<std::size_t>(batch));
}

TEST(InputDropout, keeps_of_spikes_what_it_keeps_of_their_counts) {
    Stream host{Device{}};
    Context context{.stream = host};
    const SpikeTrain train = test::random_spikes(batch, steps, channels, 0.3, 5);
    SpikeTrain kept = test::random_spikes(2, 3, 4, 0.3, 6);  // memory of another one
    drop_spikes(dropout(), train, kept);
    EXPECT_NO_THROW(kept.check());
    const Var scaled = drop_values(context, dropout(), {to_dense(host, train, DType::f64)});
    std::vector<double> expected = test::values_of(to_dense(host, kept, DType::f64));
    for (double& value : expected) value *= dropout().gain();
    EXPECT_EQ(test::values_of(scaled.value), expected);
}

TEST(InputDropout, keeps_of_dense_values_what_it_keeps_on_the_tape) {
    Stream host{Device{}};
    Context context{.stream = host};
    const Tensor input =
        to_dense(host, test::random_spikes(batch, steps, channels, 0.3, 5), DType::f64);
    Tensor kept;
    for (int round = 0; round < 2; ++round) {  // in new memory, and in that of the one before
        drop_channels(dropout(), input, kept);
        std::vector<double> expected = test::values_of(kept);
        for (double& value : expected) value *= dropout().gain();
        EXPECT_EQ(test::values_of(drop_values(context, dropout(), {input}).value), expected);
    }
}

TEST(InputDropout, has_the_same_bits_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            EXPECT_EQ(mask(dropout(), batch, device, dtype), mask(dropout(), batch, {}, dtype));
        }
    }
}

}  // namespace
}  // namespace elm
