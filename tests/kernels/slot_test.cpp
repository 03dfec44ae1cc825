#include <gtest/gtest.h>

#include "kernels/core/algorithms.h"
#include "kernels/core/error.h"
#include "kernels/core/kernel.h"
#include "kernels/core/random.h"
#include "kernels/core/sum.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/batch_norm.h"
#include "kernels/ops/convolution.h"
#include "kernels/ops/depthwise_convolution.h"
#include "kernels/ops/dropout.h"
#include "kernels/ops/elementwise.h"
#include "kernels/ops/elm_scan.h"
#include "kernels/ops/embedding.h"
#include "kernels/ops/gated_scan.h"
#include "kernels/ops/layout.h"
#include "kernels/ops/leaky_scan.h"
#include "kernels/ops/loss.h"
#include "kernels/ops/matmul.h"
#include "kernels/ops/normalise.h"
#include "kernels/ops/optimizer_step.h"
#include "kernels/ops/reduction.h"
#include "kernels/ops/softmax.h"

namespace elm {
namespace {

#if defined(ELM_WITH_CUDA)
constexpr bool with_cuda = true;
#else
constexpr bool with_cuda = false;
#endif

/// A CPU slot is always filled; a CUDA slot as this build says.
template <class... Args>
void expect_slots(const Kernel<Args>&... kernels) {
    const auto expect_one = [](const auto& kernel) {
        EXPECT_NE(kernel.cpu, nullptr) << kernel.name;
        EXPECT_EQ(kernel.cuda != nullptr, with_cuda) << kernel.name;
    };
    (expect_one(kernels), ...);
}

template <class Real>
void expect_slots_of() {
    expect_slots(
        fill_uniform_kernel<Real>, fill_normal_kernel<Real>, add_into_kernel<Real>,
        fold_sum_kernel<Real>, leaky_scan_kernel<Real>, leaky_scan_backward_kernel<Real>,
        matmul_kernel<Real>, elementwise_kernel<Real>, scale_kernel<Real>, activation_kernel<Real>,
        activation_backward_kernel<Real>, maximum_kernel<Real>, maximum_backward_kernel<Real>,
        repeat_kernel<Real>, cross_entropy_kernel<Real>, cross_entropy_backward_kernel<Real>,
        element_loss_kernel<Real>, element_loss_backward_kernel<Real>, weighted_mean_kernel<Real>,
        copy_columns_kernel<Real>, transpose_kernel<Real>, normalise_kernel<Real>,
        normalise_backward_kernel<Real>, update_statistics_kernel<Real>,
        inverse_deviation_kernel<Real>, gather_rows_kernel<Real>, sum_rows_by_entry_kernel<Real>,
        dropout_kernel<Real>, convolution_kernel<Real>, convolution_input_gradient_kernel<Real>,
        convolution_weight_gradient_kernel<Real>, depthwise_convolution_kernel<Real>,
        depthwise_weight_gradient_kernel<Real>, gated_scan_kernel<Real>,
        gated_scan_backward_kernel<Real>, elm_scan_kernel<Real>, optimizer_step_kernel<Real>,
        sum_of_squares_kernel<Real>, moving_average_kernel<Real>, exchange_kernel<Real>,
        softmax_kernel<Real>, softmax_backward_kernel<Real>);
}

TEST(Slots, are_filled_on_the_devices_of_this_build) {
    expect_slots_of<float>();
    expect_slots_of<double>();
    expect_slots(sort_by_key_kernel<std::int32_t>, sort_by_key_kernel<std::int64_t>,
                 exclusive_scan_kernel<std::int32_t>, exclusive_scan_kernel<std::int64_t>,
                 run_length_kernel<std::int32_t>, run_length_kernel<std::int64_t>, compact_kernel,
                 fill_bernoulli_kernel, list_entries_kernel);
}

TEST(Slots, an_empty_slot_is_an_error_and_no_other_device_is_taken) {
    constexpr Kernel<int> nothing{"nothing", nullptr, nullptr};
    Stream stream{Device{}};
    try {
        nothing(stream, 0);
        FAIL() << "an empty slot ran";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_NE(error.message().find("nothing has no implementation for cpu"), std::string::npos);
    }
}

TEST(Slots, a_build_for_the_cpu_alone_says_so) {
    if (with_cuda) GTEST_SKIP() << "this build has CUDA";
    EXPECT_NE(why_no_cuda().find("no CUDA support"), std::string::npos);
    EXPECT_THROW(Stream({DeviceKind::cuda, 0}), Error);
    EXPECT_EQ(available_devices().size(), 1u);
}

}  // namespace
}  // namespace elm
