#include "baselines/convolution/dilated_level.h"

#include <cmath>
#include <memory>

#include "baselines/convolution/causal_convolution.h"
#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/product/spike_convolution.h"
#include "kernels/ops/training/dropout.h"

namespace elm {
namespace {

/// Keeps the length of an unused row from 0: far below the rounding of any other mean square.
constexpr double epsilon = 1e-30;

}  // namespace

NormedConvolution::NormedConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps,
                                     std::int64_t dilation)
    : dilation_(dilation),
      direction_(parameter("direction", {outputs, inputs, taps},
                           initialise::uniform_fan_in(inputs * taps))),
      length_(offset("length", {outputs}, initialise::constant(std::sqrt(1.0 / 3)))),
      bias_(offset("bias", {outputs}, initialise::uniform_fan_in(inputs * taps))) {}

/// Rows of root mean square 1 have the length sqrt(row).
Var NormedConvolution::weight(Context& context) const {
    const Shape& shape = direction_.shape;
    const std::int64_t outputs = shape[0], row = shape[1] * shape[2];
    const Var direction = use(context, direction_);
    const double shorter = 1 / std::sqrt(static_cast<double>(row));
    const Var gain{tabulate(context.stream, {row}, direction.value.dtype(),
                            [shorter](std::int64_t) { return shorter; })};
    const Var unit = rms_norm(context, reshape(context, direction, {outputs, row}), gain, epsilon);
    const Var lengths = repeat(context, use(context, length_), -1, row);
    return reshape(context, multiply(context, unit, reshape(context, lengths, {outputs, row})),
                   shape);
}

Var NormedConvolution::forward(Context& context, const SequenceInput& input,
                               StateCursor& state) const {
    const Var normed = weight(context), bias = use(context, bias_);
    if (input.spikes == nullptr) {
        return causal_convolution(context, input.dense, normed, bias, dilation_, state);
    }
    ELM_ASSERT(dilation_ == 1);
    return causal_spike_convolution(context, *input.spikes, as_spike_weight(context, normed), bias,
                                    state);
}

DilatedLevel::DilatedLevel(const Size& size, double dropout)
    : dropout_(dropout),
      first_(child("first", std::make_unique<NormedConvolution>(size.inputs, size.outputs,
                                                                size.taps, size.dilation))),
      second_(child("second", std::make_unique<NormedConvolution>(size.outputs, size.outputs,
                                                                  size.taps, size.dilation))) {
    if (size.inputs == size.outputs) return;
    skip_weight_ =
        &parameter("skip.weight", {size.outputs, size.inputs}, initialise::normal(0, 0.01));
    skip_bias_ = &offset("skip.bias", {size.outputs}, initialise::uniform_fan_in(size.inputs));
}

Var DilatedLevel::around(Context& context, const SequenceInput& input, DType dtype) const {
    const bool sparse = input.spikes != nullptr;
    if (skip_weight_ == nullptr) {
        return sparse ? Var{to_dense(context.stream, *input.spikes, dtype)} : input.dense;
    }
    const Var weight = use(context, *skip_weight_), bias = use(context, *skip_bias_);
    if (!sparse) return linear(context, input.dense, weight, bias);
    const Shape& shape = weight.value.shape();
    return spike_convolution(
        context, {*input.spikes},
        reshape(context, transpose(context, weight, 0, 1), {shape[1], 1, shape[0]}), bias);
}

Var DilatedLevel::forward(Context& context, const SequenceInput& input, StateCursor& state) const {
    const auto behind = [&](const Var& convolved) {
        return dropout(context, activate(context, convolved, Activation::relu), dropout_);
    };
    const Var made = behind(first_.forward(context, input, state));
    const Var all = behind(second_.forward(context, {.dense = made}, state));
    return activate(context, add(context, around(context, input, all.value.dtype()), all),
                    Activation::relu);
}

}  // namespace elm
