// What a model would not find room for on a device is refused before anything is allocated, and
// what just fits is not. Devices are described by their limits: none is needed.

#include <gtest/gtest.h>

#include "baselines/fitted_model.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/attention/outer_scan.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

// Shared memory that a block may have: sm_86 and sm_89, sm_80, sm_90 (CUDA C programming guide,
// technical specifications per compute capability).
constexpr DeviceLimits small{DeviceKind::cuda, 99 * 1024}, middle{DeviceKind::cuda, 163 * 1024},
    large{DeviceKind::cuda, 227 * 1024};
constexpr DeviceLimits cpu{};

std::string refusal(const std::string& model, const Values& options, const DeviceLimits& device,
                    DType dtype = DType::f32, const Values& front_end = {}) {
    const FittedModel fitted = make_model(
        {.model = model, .options = options, .shape = {3, 2}, .front_end = front_end}, 7);
    return test::message_of([&] { require_device(fitted, device, dtype); });
}

/// Fits, and with the changed options does not, on `device`; on the CPU both do.
void expect_border(const std::string& model, const Values& fits, const Values& does_not,
                   const DeviceLimits& device, const std::string& remedy,
                   DType dtype = DType::f32) {
    SCOPED_TRACE(model);
    EXPECT_EQ(refusal(model, fits, device, dtype), "no error");
    const std::string message = refusal(model, does_not, device, dtype);
    EXPECT_NE(message.find("the model " + model), std::string::npos) << message;
    EXPECT_NE(message.find(remedy), std::string::npos) << message;
    EXPECT_EQ(refusal(model, does_not, cpu, dtype), "no error");
}

Values heads_of(std::int64_t width, std::int64_t heads) {
    return {{"width", width}, {"heads", heads}};
}

TEST(DeviceLimits, of_exact_attention_are_features_of_a_head) {
    for (const char* const model : {"transformer", "local_transformer", "synthesizer", "linformer",
                                    "nystromformer", "longformer", "prob_sparse", "abc"}) {
        expect_border(model, heads_of(256, 2), heads_of(258, 2), large, "Use more heads");
    }
    // Values with a column of ones.
    expect_border("lara", heads_of(254, 2), heads_of(256, 2), large, "Use more heads");
    const auto mega = [](std::int64_t width) { return Values{{"width", width}}; };
    expect_border("mega", mega(64), mega(66), large, "Use a smaller width");
}

TEST(DeviceLimits, of_state_spaces_are_states) {
    const auto states = [](std::int64_t count) { return Values{{"states", count}}; };
    expect_border("s4d", states(64), states(66), large, "Use fewer states");
    expect_border("mamba", states(32), states(33), large, "Use fewer states");
    // In both directions it is a convolution alone.
    EXPECT_EQ(refusal("s4d", {{"states", std::int64_t{128}}, {"causal", false}}, large),
              "no error");
    // Segments of the scan in float64 are twice as large.
    EXPECT_EQ(refusal("s4d", states(64), small, DType::f32), "no error");
    EXPECT_NE(refusal("s4d", states(64), small, DType::f64).find("Use float32"), std::string::npos);
    EXPECT_EQ(refusal("s4d", states(64), middle, DType::f64), "no error");
}

/// 36 numbers of 4 bytes for each unit: 704 units take 101,376 bytes, all of them.
TEST(DeviceLimits, of_spiking_units_are_sums_in_shared_memory) {
    for (const char* const model : {"recurrent_lif", "lsnn", "adlif_network"}) {
        expect_border(model, {{"units", std::int64_t{704}}}, {{"units", std::int64_t{705}}}, small,
                      "Use fewer units");
    }
}

/// A matrix of (values + 1, features) of a head, and a row of it: with 158 features of a head
/// 159 x 158 + 159 numbers of 4 bytes, 101,124 of 101,376 bytes; with 159 one too many.
TEST(DeviceLimits, of_linear_attention_are_matrices_in_shared_memory) {
    expect_border("linear_transformer", heads_of(316, 2), heads_of(318, 2), small,
                  "Use more heads, or fewer features");
    EXPECT_EQ(refusal("linear_transformer", heads_of(318, 2), middle), "no error");
    EXPECT_NE(refusal("linear_transformer", heads_of(316, 2), small, DType::f64), "no error");
    const auto performer = [](std::int64_t features) {
        Values options = heads_of(256, 2);
        options["random_features"] = features;
        return options;
    };
    // 129 x n + max(129, n) numbers.
    expect_border("performer", performer(194), performer(195), small, "fewer features");
    // Twice as many features as a head has.
    expect_border("cosformer", heads_of(222, 2), heads_of(224, 2), small, "Use more heads");
}

TEST(DeviceLimits, are_those_of_the_model_behind_a_front_end) {
    const Values front_end{{"kind", std::string("linear")}, {"width", std::int64_t{8}}};
    EXPECT_NE(refusal("transformer", heads_of(258, 2), large, DType::f32, front_end)
                  .find("the model transformer"),
              std::string::npos);
}

TEST(DeviceLimits, of_models_without_such_kernels_are_none) {
    for (const char* const model : {"elm", "lstm", "gru", "tcn", "lif", "s5", "lru", "min_gru"}) {
        EXPECT_EQ(refusal(model, {}, {DeviceKind::cuda, 0}), "no error") << model;
    }
}

}  // namespace
}  // namespace elm
