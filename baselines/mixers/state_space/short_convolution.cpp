#include "baselines/mixers/state_space/short_convolution.h"

#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/depthwise_convolution.h"

namespace elm {

Var short_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                      StateCursor* state) {
    const Shape& shape = input.value.shape();
    const DType dtype = input.value.dtype();
    const Var offset =
        bias.value.defined() ? bias : Var{Tensor::zeros(context.stream, {shape[2]}, dtype)};
    if (state == nullptr) return depthwise_convolution(context, input, weight, offset);
    const std::int64_t kept = weight.value.shape()[1] - 1;
    const Var before = state_or_zeros(context, state, {shape[0], kept, shape[2]}, dtype);
    const Var parts[] = {before, input};
    const Var joined = concatenate(context, parts, 1);
    const std::int64_t end = kept + shape[1];
    Context plain{context.stream};
    state->keep(slice(plain, {joined.value}, 1, shape[1], end).value);
    return slice(context, depthwise_convolution(context, joined, weight, offset), 1, kept, end);
}

}  // namespace elm
