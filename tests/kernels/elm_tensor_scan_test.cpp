// The ELM recurrence on tensor cores against float64 loops with the same rounding points.

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/cuda/half_types.h"
#include "kernels/core/error.h"
#include "tests/reference/elm_rounded_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/elm_scan_case.h"

namespace elm::test {
namespace {

double to_bf16_and_back(double value) { return to_float(to_bf16(static_cast<float>(value))); }

reference::RoundedElm reference_of(const OpCase& op, const ElmScanSizes& sizes,
                                   const std::vector<double>& output_gradient,
                                   const std::function<double(double)>& round) {
    Arrays numbers = inputs_of(op);
    const std::vector<double> input = numbers.back();
    numbers.pop_back();
    return reference::rounded_elm(reference_of(sizes, structure_of(sizes)), numbers, input,
                                  output_gradient, static_cast<std::size_t>(sizes.batch),
                                  static_cast<std::size_t>(sizes.time), round);
}

double largest(const std::vector<double>& values) {
    double result = 0;
    for (const double value : values) result = std::max(result, std::abs(value));
    return result;
}

/// A value that lies within float32's error of the middle between two bfloat16 numbers may be
/// rounded to either, which moves one term of a sum by 2^-8 of it. Few terms do, hence the bound of
/// 2^-8 / 16; what bfloat16 itself does to the results is larger than that.
constexpr double allowed = 0x1p-12;

void agrees(ElmScanSizes sizes) {
    sizes.arithmetic = ElmArithmetic::bf16;
    const OpCase op = scan_case("bf16", sizes);
    for (const Device device : cuda_devices()) {
        const OpRun run = run_case(op, device, DType::f32);
        EXPECT_EQ(run.damage, "");
        const auto gradient = output_gradients_of(run.outputs)[0];
        const auto expected = reference_of(op, sizes, gradient, to_bf16_and_back);
        EXPECT_EQ(
            difference_above(run.outputs[0], expected.output, allowed * largest(expected.output)),
            "");
        ASSERT_EQ(run.gradients.size(), expected.gradients.size());
        for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
            EXPECT_EQ(difference_above(run.gradients[i], expected.gradients[i],
                                       allowed * largest(expected.gradients[i])),
                      "")
                << op.inputs[i].name;
        }
    }
}

TEST(ElmTensorScan, relu_agrees_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 3, .time = 9});
}
TEST(ElmTensorScan, silu_agrees_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 3, .time = 9, .silu = true});
}
TEST(ElmTensorScan, one_unit_agrees_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 1,
            .time = 1,
            .n_input = 1,
            .n_branch = 1,
            .n_per_branch = 1,
            .n_memory = 1,
            .n_hidden = 1,
            .n_output = 1});
}
TEST(ElmTensorScan, several_blocks_agree_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 8, .time = 3, .n_memory = 32, .n_hidden = 64, .silu = true});
    agrees({.batch = 19, .time = 5, .n_branch = 9, .n_memory = 17, .n_hidden = 33});
}
TEST(ElmTensorScan, segments_agree_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 2, .time = 13, .silu = true, .segment_steps = 4});
}
TEST(ElmTensorScan, middle_sizes_agree_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 5, .time = 4, .n_branch = 45, .n_memory = 100, .n_hidden = 200, .silu = true});
    agrees({.batch = 9, .time = 2, .n_branch = 12, .n_memory = 33, .n_hidden = 66});
}
TEST(ElmTensorScan, large_sizes_agree_with_rounded_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    agrees({.batch = 9, .time = 3, .n_branch = 8, .n_memory = 150, .n_hidden = 300});
    agrees({.batch = 2, .time = 3, .n_branch = 10, .n_memory = 149, .n_hidden = 304, .silu = true});
}

/// What agrees above would not without the rounding.
TEST(ElmTensorScan, the_rounding_points_matter) {
    const ElmScanSizes sizes{.batch = 3, .time = 9};
    const OpCase op = scan_case("exact", sizes);
    const auto gradient = output_gradients_of(run_case(op, {}, DType::f64).outputs)[0];
    const auto rounded = reference_of(op, sizes, gradient, to_bf16_and_back);
    const auto exact = reference_of(op, sizes, gradient, [](double value) { return value; });
    EXPECT_NE(difference_above(rounded.output, exact.output, allowed * largest(exact.output)), "");
    for (std::size_t i = 3; i <= 5; i += 2) {  // weights of both layers
        EXPECT_NE(difference_above(rounded.gradients[i], exact.gradients[i],
                                   allowed * largest(exact.gradients[i])),
                  "");
    }
}

/// The loops themselves, without rounding: against the exact node.
TEST(ElmTensorScan, the_loops_without_rounding_agree_with_the_node) {
    for (const bool silu : {false, true}) {
        const ElmScanSizes sizes{.batch = 3, .time = 9, .silu = silu};
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

TEST(ElmTensorScan, is_refused_on_the_cpu) {
    EXPECT_NE(message_of({.arithmetic = ElmArithmetic::bf16}, {}, DType::f32)
                  .find("bf16 runs on the tensor cores of a CUDA device"),
              std::string::npos);
}

TEST(ElmTensorScan, sizes_that_do_not_fit_are_refused_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const Device device = cuda_devices().front();
    const auto refused = [&](ElmScanSizes sizes, DType precision = DType::f32) {
        sizes.arithmetic = ElmArithmetic::bf16;
        return message_of(sizes, device, precision);
    };
    EXPECT_NE(refused({}, DType::f64).find("with float32 tensors"), std::string::npos);
    for (const ElmScanSizes& sizes :
         {ElmScanSizes{.hidden_layers = 0}, ElmScanSizes{.hidden_layers = 2},
          ElmScanSizes{.n_memory = 161}, ElmScanSizes{.n_hidden = 305},
          ElmScanSizes{.n_branch = 11, .n_memory = 150}}) {
        EXPECT_NE(refused(sizes).find("bf16 is made for one hidden layer of up to 304 units"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace elm::test
