#include "baselines/mixers/state_space/complex_recurrence.h"

#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"

namespace elm {
namespace {

/// Re(C x).
Var read(Context& context, const ComplexVar& weight, const ComplexVar& states) {
    return subtract(context, linear(context, states.real, weight.real),
                    linear(context, states.imag, weight.imag));
}

}  // namespace

Var ComplexRecurrence::run(Context& context, const MixerInput& input, StateCursor* state) const {
    const Var& u = input.sequence;
    const Shape& shape = u.value.shape();
    const std::int64_t states = decay.real.value.shape()[0];
    const Var rows = reshape(context, u, {shape[0] * shape[1], shape[2]});
    const auto driven = [&](const Var& weight) {
        return reshape(context, matmul(context, rows, weight), shape.with(2, states));
    };
    const ComplexVar drive{driven(input_weight.real), driven(input_weight.imag)};
    const Shape state_shape{shape[0], states};
    const DType dtype = u.value.dtype();
    const ComplexVar initial{state_or_zeros(context, state, state_shape, dtype),
                             state_or_zeros(context, state, state_shape, dtype)};
    const ComplexVar forward = diagonal_scan(context, decay, drive, initial);
    if (state != nullptr) {
        state->keep(last_step(context, forward.real, initial.real));
        state->keep(last_step(context, forward.imag, initial.imag));
    }
    Var output = read(context, output_weight, forward);
    if (!input.causal) {
        const auto turned = [&](const Var& x) { return reverse_time(context, x, input.lengths); };
        const ComplexVar back =
            diagonal_scan(context, decay, {turned(drive.real), turned(drive.imag)}, initial);
        output = add(context, output,
                     read(context, backward_output_weight, {turned(back.real), turned(back.imag)}));
    }
    return factor == 1 ? output : scale(context, output, factor);
}

ComplexVar planes_of(Context& context, const Var& both) {
    const Shape& shape = both.value.shape();
    Shape one;
    if (shape.rank() == 3) one = {shape[1], shape[2]};
    if (shape.rank() == 4) one = {shape[1], shape[2], shape[3]};
    const auto plane = [&](std::int64_t i) {
        return reshape(context, slice(context, both, 0, i, i + 1), one);
    };
    return {plane(0), plane(1)};
}

Var add_skip(Context& context, const Var& output, const Var& input, const Var& skip) {
    return add(context, output, multiply(context, input, skip));
}

Var state_or_zeros(Context& context, StateCursor* state, const Shape& shape, DType dtype) {
    const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
    return {before.defined() ? before : Tensor::zeros(context.stream, shape, dtype)};
}

Tensor last_step(Context& context, const Var& values, const Var& before) {
    const Shape& shape = values.value.shape();
    if (shape[1] == 0) return before.value;
    Context plain{context.stream};
    return slice(plain, {values.value}, 1, shape[1] - 1, shape[1])
        .value.reshape({shape[0], shape[2]});
}

}  // namespace elm
