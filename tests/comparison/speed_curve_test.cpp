// What a model needs is known before it is allocated.

#include "tasks/comparison/speed/speed_curve.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/comparison/speed/speed_results.h"

namespace elm {
namespace {

TEST(SpeedCurve, measures_and_leaves_out_what_does_not_fit_before_it_is_allocated) {
    Stream stream{Device{}};
    constexpr std::int64_t width = 8;
    FittedModel fitted = make_model({.model = "plain_transformer",
                                     .options = {{"layers", std::int64_t{1}},
                                                 {"width", width},
                                                 {"mlp_width", width},
                                                 {"heads", std::int64_t{1}}},
                                     .shape = {.n_input = width, .n_output = width}});
    SpeedOptions options{.lengths = {64, 128, 256, 100'000}, .batch = 1, .seconds = 0.001};
    options.memory_limit = 1e8;
    const SpeedCurve curve = measure_speed(stream, "plain", fitted, options, [] {});
    ASSERT_EQ(curve.points.size(), 4u);
    // Four maps of the attention, two of the perceptron, input and readout; three norms. Keys have
    // no bias.
    EXPECT_EQ(curve.parameters, 8 * 64 + 7 * 8 + 3 * 16);
    EXPECT_TRUE(curve.causal);
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
    EXPECT_TRUE(curve.points[3].lacks_room);
    // Four times as much for twice the length, but for what grows with the length alone.
    const CostCurve memory = cost_curve(curve, Cost::training_memory);
    ASSERT_EQ(memory.lengths.size(), 3u);
    EXPECT_GT(memory.costs()[2] / memory.costs()[1], 3);
    // Of the matrices twice, and products of all pairs of steps.
    EXPECT_EQ(curve.points[1].flops, 128.0 * (2 * 8 * 64 + 4 * 128 * 8));
}

TEST(SpeedCurve, leaves_out_what_a_model_refuses_and_measures_the_rest) {
    Stream stream{Device{}};
    constexpr std::int64_t width = 8;
    // Less than the longest of the short sequences from which the memory is predicted.
    FittedModel fitted = make_model(
        {.model = "linformer",
         .options = {{"width", width}, {"layers", std::int64_t{1}}, {"longest", std::int64_t{100}}},
         .shape = {.n_input = width, .n_output = width}});
    const SpeedOptions options{.lengths = {50, 100, 101}, .batch = 1, .seconds = 0.001};
    const SpeedCurve curve = measure_speed(stream, "linformer", fitted, options, [] {});
    ASSERT_EQ(curve.points.size(), 3u);
    EXPECT_TRUE(curve.points[0].measured() && curve.points[1].measured());
    EXPECT_NE(curve.points[2].left_out.find("longest"), std::string::npos)
        << curve.points[2].left_out;
    EXPECT_FALSE(curve.points[2].lacks_room);
}

TEST(SpeedCurve, of_a_model_that_refuses_all_lengths_has_no_point_and_says_why) {
    Stream stream{Device{}};
    FittedModel fitted = make_model({.model = "linformer",
                                     .options = {{"longest", std::int64_t{10}}},
                                     .shape = {.n_input = 8, .n_output = 8}});
    const SpeedOptions options{.lengths = {64, 128}, .batch = 1, .seconds = 0.001};
    const SpeedCurve curve = measure_speed(stream, "linformer", fitted, options, [] {});
    ASSERT_EQ(curve.points.size(), 2u);
    for (const SpeedPoint& point : curve.points) {
        EXPECT_FALSE(point.measured() || point.lacks_room);
        EXPECT_TRUE(point.training_seconds.empty());
        EXPECT_NE(point.left_out.find("longest"), std::string::npos) << point.left_out;
    }
    EXPECT_EQ(exponent_table({curve}).to_records().size(), 0u);
}

/// Attention in both directions does twice the work of causal one.
TEST(SpeedCurve, is_held_against_attention_of_its_own_direction) {
    const auto curve = [](const std::string& model, double seconds, bool causal) {
        SpeedCurve made{.model = model, .parameters = 0, .causal = causal};
        for (const std::int64_t length : std::vector<std::int64_t>{64, 128, 256}) {
            const std::vector<double> times(3, seconds * static_cast<double>(length));
            made.points.push_back({.length = length,
                                   .forward_seconds = times,
                                   .training_seconds = times,
                                   .forward_bytes = 1,
                                   .training_bytes = 1});
        }
        return made;
    };
    const std::vector<SpeedCurve> all{curve("lstm", 1, true), curve("linformer", 1, false),
                                      curve("causal", 2, true), curve("both", 4, false)};
    const Table table = efficiency_table(all, {"causal", "both"}, RandomKey{1});
    const std::string rows = table.to_csv();
    EXPECT_EQ(table.to_records().size(), 8u);
    EXPECT_NE(rows.find("lstm,causal,"), std::string::npos) << rows;
    EXPECT_NE(rows.find("linformer,both,"), std::string::npos) << rows;
}

TEST(SpeedCurve, of_a_recurrence_grows_with_the_length) {
    Stream stream{Device{}};
    FittedModel fitted = make_model({.model = "lstm", .shape = {.n_input = 4, .n_output = 4}});
    const SpeedOptions options{.lengths = {64, 128, 256}, .batch = 2, .seconds = 0.001};
    const SpeedCurve curve = measure_speed(stream, "lstm", fitted, options, [] {});
    const auto bytes = cost_curve(curve, Cost::training_memory).costs();
    EXPECT_NEAR(bytes[2] / bytes[1], 2, 0.2);
    EXPECT_EQ(speed_table({curve}, 2).to_records().size(), 3u);
    EXPECT_EQ(exponent_table({curve}).to_records().size(), 4u);
    // Two points lie on any line.
    SpeedCurve shorter = curve;
    shorter.points.pop_back();
    EXPECT_NE(exponent_table({shorter}).to_csv().find("64 to 128,-,-,-"), std::string::npos);
}

}  // namespace
}  // namespace elm
