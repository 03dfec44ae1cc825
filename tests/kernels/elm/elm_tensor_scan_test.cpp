// The ELM recurrence on tensor cores against float64 loops with the same rounding points.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kernels/core/cuda/tf32.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/elm/cuda/tensor_scan.h"
#include "tests/reference/elm_rounded_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/elm_scan_case.h"

namespace elm::test {
namespace {

using Rounding = double (*)(double);
double to_bf16_and_back(double value) { return to_float(to_bf16(static_cast<float>(value))); }
double to_tf32_and_back(double value) { return to_float(to_tf32(static_cast<float>(value))); }

Rounding rounding_of(ElmArithmetic arithmetic) {
    return arithmetic == ElmArithmetic::tf32 ? to_tf32_and_back : to_bf16_and_back;
}

reference::RoundedElm reference_of(const OpCase& op, const ElmScanSizes& sizes,
                                   const std::vector<double>& output_gradient,
                                   const std::function<double(double)>& round) {
    Arrays parameters = inputs_of(op);
    const std::vector<double> input = parameters.back();
    parameters.pop_back();
    return reference::rounded_elm(reference_of(sizes, structure_of(sizes)), parameters, input,
                                  output_gradient, static_cast<std::size_t>(sizes.batch),
                                  static_cast<std::size_t>(sizes.time), round);
}

double largest(const std::vector<double>& values) {
    double result = 0;
    for (const double value : values) result = std::max(result, std::abs(value));
    return result;
}

/// A value that lies within float32's error of the middle between two rounded numbers may become
/// either, which moves one term of a sum by about the unit round-off u of it. Few terms do, hence
/// the bound of u / 16 for bfloat16. Numbers of tf32 lie 8 times closer, so 8 times as many terms
/// do, which add up like their root: u / 4. What the rounding itself does to the results is larger.
double allowed(ElmArithmetic arithmetic) {
    return arithmetic == ElmArithmetic::tf32 ? 0x1p-11 / 4 : 0x1p-8 / 16;
}

class ElmTensorScan : public testing::TestWithParam<ElmArithmetic> {
protected:
    void SetUp() override { ELM_SKIP_WITHOUT_CUDA(); }

    static void agrees(ElmScanSizes sizes) {
        sizes.arithmetic = GetParam();
        const OpCase op = scan_case(name_of(sizes.arithmetic), sizes);
        for (const Device device : cuda_devices()) {
            const OpRun run = run_case(op, device, DType::f32);
            EXPECT_EQ(run.damage, "");
            const auto gradient = output_gradients_of(run.outputs)[0];
            const auto expected = reference_of(op, sizes, gradient, rounding_of(GetParam()));
            const auto near = [](const std::vector<double>& got,
                                 const std::vector<double>& wanted) {
                return difference_above(got, wanted, allowed(GetParam()) * largest(wanted));
            };
            EXPECT_EQ(near(run.outputs[0], expected.output), "");
            ASSERT_EQ(run.gradients.size(), expected.gradients.size());
            for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
                EXPECT_EQ(near(run.gradients[i], expected.gradients[i]), "") << op.inputs[i].name;
            }
        }
    }
};
INSTANTIATE_TEST_SUITE_P(products, ElmTensorScan,
                         testing::Values(ElmArithmetic::bf16, ElmArithmetic::tf32),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(ElmTensorScan, relu_agrees_with_rounded_loops_on_cuda) { agrees({.batch = 3, .time = 9}); }
TEST_P(ElmTensorScan, silu_agrees_with_rounded_loops_on_cuda) {
    agrees({.batch = 3, .time = 9, .hidden_unit = HiddenUnit::silu});
}
TEST_P(ElmTensorScan, relu2_agrees_with_rounded_loops_on_cuda) {
    agrees({.batch = 3, .time = 9, .hidden_unit = HiddenUnit::relu2});
}
TEST_P(ElmTensorScan, one_unit_agrees_with_rounded_loops_on_cuda) {
    agrees({.batch = 1,
            .time = 1,
            .n_input = 1,
            .n_branch = 1,
            .n_per_branch = 1,
            .n_memory = 1,
            .n_hidden = 1,
            .n_output = 1});
}
TEST_P(ElmTensorScan, several_blocks_agree_with_rounded_loops_on_cuda) {
    agrees(
        {.batch = 8, .time = 3, .n_memory = 32, .n_hidden = 64, .hidden_unit = HiddenUnit::silu});
    agrees({.batch = 19, .time = 5, .n_branch = 9, .n_memory = 17, .n_hidden = 33});
}
TEST_P(ElmTensorScan, segments_agree_with_rounded_loops_on_cuda) {
    agrees({.batch = 2, .time = 13, .hidden_unit = HiddenUnit::silu, .segment_steps = 4});
}
TEST_P(ElmTensorScan, middle_sizes_agree_with_rounded_loops_on_cuda) {
    agrees({.batch = 5,
            .time = 4,
            .n_branch = 45,
            .n_memory = 100,
            .n_hidden = 200,
            .hidden_unit = HiddenUnit::silu});
    agrees({.batch = 9, .time = 2, .n_branch = 12, .n_memory = 33, .n_hidden = 66});
}
TEST_P(ElmTensorScan, largest_sizes_agree_with_rounded_loops_on_cuda) {
    if (GetParam() == ElmArithmetic::tf32) {
        agrees({.batch = 9, .time = 3, .n_branch = 48, .n_memory = 112, .n_hidden = 208});
        agrees({.batch = 2,
                .time = 3,
                .n_branch = 9,
                .n_memory = 111,
                .n_hidden = 207,
                .hidden_unit = HiddenUnit::silu});
    } else {
        agrees({.batch = 9, .time = 3, .n_branch = 8, .n_memory = 150, .n_hidden = 300});
        agrees({.batch = 2,
                .time = 3,
                .n_branch = 10,
                .n_memory = 149,
                .n_hidden = 304,
                .hidden_unit = HiddenUnit::silu});
    }
}

/// Results that agree above would not without the rounding.
TEST(RoundedElmLoops, the_rounding_points_matter) {
    const ElmScanSizes sizes{.batch = 3, .time = 9};
    const OpCase op = scan_case("exact", sizes);
    const auto gradient = output_gradients_of(run_case(op, {}, DType::f64).outputs)[0];
    const auto exact = reference_of(op, sizes, gradient, [](double value) { return value; });
    for (const ElmArithmetic arithmetic : {ElmArithmetic::bf16, ElmArithmetic::tf32}) {
        const auto rounded = reference_of(op, sizes, gradient, rounding_of(arithmetic));
        const double share = allowed(arithmetic);
        EXPECT_NE(difference_above(rounded.output, exact.output, share * largest(exact.output)),
                  "");
        for (std::size_t i = 3; i <= 5; i += 2) {  // weights of both layers
            EXPECT_NE(difference_above(rounded.gradients[i], exact.gradients[i],
                                       share * largest(exact.gradients[i])),
                      "")
                << name_of(arithmetic);
        }
    }
}

/// The loops themselves, without rounding: against the exact node.
TEST(RoundedElmLoops, agree_with_the_node_without_rounding) {
    for (const HiddenUnit unit : {HiddenUnit::relu, HiddenUnit::relu2, HiddenUnit::silu}) {
        const ElmScanSizes sizes{.batch = 3, .time = 9, .hidden_unit = unit};
        const OpCase op = scan_case("exact", sizes);
        const OpRun run = run_case(op, {}, DType::f64);
        const auto expected = reference_of(op, sizes, output_gradients_of(run.outputs)[0],
                                           [](double value) { return value; });
        EXPECT_EQ(
            difference_above(run.outputs[0], expected.output, 1e-13 * largest(expected.output)),
            "");
        for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
            EXPECT_EQ(difference_above(run.gradients[i], expected.gradients[i],
                                       1e-13 * largest(expected.gradients[i])),
                      "")
                << op.inputs[i].name;
        }
    }
}

std::string message_of(const ElmScanSizes& sizes, Device device, DType precision) {
    try {
        run_case(scan_case("refused", sizes), device, precision);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "no error";
}

TEST(ElmTensorArithmetic, is_refused_on_the_cpu) {
    for (const ElmArithmetic arithmetic : {ElmArithmetic::bf16, ElmArithmetic::tf32}) {
        const std::string expected =
            fmt::format("{} runs on the tensor cores of a CUDA device", name_of(arithmetic));
        EXPECT_NE(message_of({.arithmetic = arithmetic}, {}, DType::f32).find(expected),
                  std::string::npos);
    }
}

TEST_P(ElmTensorScan, sizes_that_do_not_fit_are_refused_on_cuda) {
    const Device device = cuda_devices().front();
    const auto refused = [&](ElmScanSizes sizes, DType precision = DType::f32) {
        sizes.arithmetic = GetParam();
        return message_of(sizes, device, precision);
    };
    EXPECT_NE(refused({}, DType::f64).find("with float32 tensors"), std::string::npos);
    const bool wide = GetParam() == ElmArithmetic::tf32;
    const std::string expected =
        wide ? "tf32 is made for one hidden layer of up to 208 units, 112 memory units, and 160"
             : "bf16 is made for one hidden layer of up to 304 units, 160 memory units, and 160";
    const std::int64_t n_memory = wide ? 112 : 160, n_hidden = wide ? 208 : 304;
    for (const ElmScanSizes& sizes :
         {ElmScanSizes{.hidden_layers = 0}, ElmScanSizes{.hidden_layers = 2},
          ElmScanSizes{.n_memory = n_memory + 1}, ElmScanSizes{.n_hidden = n_hidden + 1},
          ElmScanSizes{.n_branch = 51, .n_memory = 110}}) {
        EXPECT_NE(refused(sizes).find(expected), std::string::npos) << refused(sizes);
    }
}

}  // namespace
}  // namespace elm::test
