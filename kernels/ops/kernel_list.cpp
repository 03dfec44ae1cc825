#include "kernels/ops/kernel_list.h"

#include "kernels/core/algorithms.h"
#include "kernels/core/random.h"
#include "kernels/core/sum.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/batch_norm.h"
#include "kernels/ops/basic/dropout.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/loss.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/optimizer_step.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/elm/scan.h"
#include "kernels/ops/elm/scan_pass.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/product/spike_convolution.h"
#include "kernels/ops/scan/gated_scan.h"
#include "kernels/ops/scan/leaky_scan.h"

namespace elm {
namespace {

template <class Args>
KernelEntry entry(const Kernel<Args>& kernel, std::string_view type) {
    return {kernel.name, type, kernel.cpu != nullptr, kernel.cuda != nullptr};
}

template <class... Args>
void add(std::vector<KernelEntry>& list, std::string_view type, const Kernel<Args>&... kernels) {
    (list.push_back(entry(kernels, type)), ...);
}

template <class Real>
void add_real(std::vector<KernelEntry>& list, std::string_view type) {
    add(list, type, fill_uniform_kernel<Real>, fill_normal_kernel<Real>, add_into_kernel<Real>,
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
        gated_scan_backward_kernel<Real>, elm_scan_kernel<Real>, elm_scan_pass_kernel<Real>,
        optimizer_step_kernel<Real>, sum_of_squares_kernel<Real>, moving_average_kernel<Real>,
        exchange_kernel<Real>, softmax_kernel<Real>, softmax_backward_kernel<Real>,
        spike_convolution_kernel<Real>, spike_weight_gradient_kernel<Real>);
}

template <class Integer>
void add_integer(std::vector<KernelEntry>& list, std::string_view type) {
    add(list, type, sort_by_key_kernel<Integer>, exclusive_scan_kernel<Integer>,
        run_length_kernel<Integer>);
}

}  // namespace

std::vector<KernelEntry> all_kernels() {
    std::vector<KernelEntry> list;
    add_real<float>(list, "f32");
    add_real<double>(list, "f64");
    add_integer<std::int32_t>(list, "i32");
    add_integer<std::int64_t>(list, "i64");
    add(list, "-", compact_kernel, fill_bernoulli_kernel, list_entries_kernel);
    return list;
}

}  // namespace elm
