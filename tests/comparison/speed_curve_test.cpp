// Plain attention is attention, and what it needs is known before it is allocated.

#include "tasks/comparison/speed/speed_curve.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/comparison/speed/plain_attention.h"
#include "tasks/comparison/speed/speed_results.h"

namespace elm {
namespace {

FittedModel attention(Stream& stream, std::int64_t width, std::int64_t heads, DType dtype) {
    FittedModel fitted;
    fitted.spec = {.model = "attention", .shape = {.n_input = width, .n_output = width}};
    fitted.model = make_plain_attention(width, heads);
    allocate(stream, fitted, dtype, RandomKey{2});
    return fitted;
}

/// y = W x + b of a layer, from its parameters.
std::vector<double> mapped(SequenceModel& model, const std::string& layer,
                           const std::vector<double>& x) {
    std::vector<double> y(x.size());
    for (const NamedParameter& one : model.parameters()) {
        const auto values = one.parameter->value.host<double>();
        for (std::size_t row = 0; row < x.size(); ++row) {
            if (one.name == layer + ".bias") y[row] += values[row];
            if (one.name != layer + ".weight") continue;
            for (std::size_t k = 0; k < x.size(); ++k) y[row] += values[row * x.size() + k] * x[k];
        }
    }
    return y;
}

TEST(PlainAttention, is_the_weighted_mean_of_values_head_by_head) {
    Stream stream{Device{}};
    constexpr std::int64_t width = 6, heads = 2, steps = 5;
    constexpr std::size_t d = 3;
    FittedModel fitted = attention(stream, width, heads, DType::f64);
    std::vector<double> values(static_cast<std::size_t>(steps * width));
    for (std::size_t k = 0; k < values.size(); ++k) {
        values[k] =
            2 * unit_uniform<double>(random_word(RandomKey{9}, static_cast<std::int64_t>(k))) - 1;
    }
    Context context{.stream = stream};
    const Tensor input = Tensor::from<double>(stream, {1, steps, width}, values);
    const Tensor found = fitted.model->forward(context, {.dense = Var{input}}).value;
    std::vector<std::vector<double>> q, k, v;
    for (std::size_t t = 0; t < steps; ++t) {
        const std::vector<double> x(values.begin() + static_cast<std::ptrdiff_t>(t) * width,
                                    values.begin() + static_cast<std::ptrdiff_t>(t + 1) * width);
        q.push_back(mapped(*fitted.model, "query", x));
        k.push_back(mapped(*fitted.model, "key", x));
        v.push_back(mapped(*fitted.model, "value", x));
    }
    for (std::size_t t = 0; t < steps; ++t) {
        std::vector<double> mixed(width, 0);
        for (std::size_t h = 0; h < heads; ++h) {
            double total = 0;
            std::vector<double> sums(d, 0);
            for (std::size_t s = 0; s < steps; ++s) {
                double score = 0;
                for (std::size_t i = h * d; i < (h + 1) * d; ++i) score += q[t][i] * k[s][i];
                const double weight = std::exp(score / std::sqrt(static_cast<double>(d)));
                total += weight;
                for (std::size_t i = 0; i < d; ++i) sums[i] += weight * v[s][h * d + i];
            }
            for (std::size_t i = 0; i < d; ++i) mixed[h * d + i] = sums[i] / total;
        }
        const std::vector<double> expected = mapped(*fitted.model, "readout", mixed);
        for (std::size_t i = 0; i < width; ++i) {
            EXPECT_NEAR(found.host<double>()[t * width + i], expected[i], 1e-13);
        }
    }
    EXPECT_THROW(make_plain_attention(6, 4), Error);
}

TEST(SpeedCurve, measures_and_leaves_out_what_does_not_fit_before_it_is_allocated) {
    Stream stream{Device{}};
    FittedModel fitted = attention(stream, 8, 1, DType::f32);
    SpeedOptions options{.lengths = {64, 128, 256, 100'000}, .batch = 1, .seconds = 0.001};
    options.memory_limit = 1e8;
    const SpeedCurve curve = measure_speed(stream, "attention", fitted, options, [] {});
    ASSERT_EQ(curve.points.size(), 4u);
    EXPECT_EQ(curve.parameters, 4 * (8 * 8 + 8));
    for (std::size_t k = 0; k < 3; ++k) {
        const SpeedPoint& point = curve.points[k];
        ASSERT_TRUE(point.measured()) << point.left_out;
        EXPECT_GE(point.training_seconds.size(), 3u);
        EXPECT_GT(point.training_bytes, point.forward_bytes);
        // Scores, weights and their gradients, each time x time of 4 bytes.
        EXPECT_GT(point.training_bytes, 3.0 * 4 * static_cast<double>(point.length * point.length));
    }
    EXPECT_FALSE(curve.points[3].measured());
    EXPECT_NE(curve.points[3].left_out.find("GB"), std::string::npos);
    // Four times as much for twice the length, but for what grows with the length alone.
    const CostCurve memory = cost_curve(curve, Cost::training_memory);
    ASSERT_EQ(memory.lengths.size(), 3u);
    EXPECT_GT(memory.costs()[2] / memory.costs()[1], 3);
}

TEST(SpeedCurve, of_a_recurrence_grows_with_the_length) {
    Stream stream{Device{}};
    FittedModel fitted = make_model({.model = "lstm", .shape = {.n_input = 4, .n_output = 4}});
    allocate(stream, fitted, DType::f32, RandomKey{1});
    const SpeedOptions options{.lengths = {64, 128, 256}, .batch = 2, .seconds = 0.001};
    const SpeedCurve curve = measure_speed(stream, "lstm", fitted, options, [] {});
    const auto bytes = cost_curve(curve, Cost::training_memory).costs();
    EXPECT_NEAR(bytes[2] / bytes[1], 2, 0.2);
    EXPECT_EQ(speed_table({curve}, 2).to_records().size(), 3u);
}

}  // namespace
}  // namespace elm
