#include "baselines/mixers/state_space/complex_selective_scan.h"

#include <numbers>

#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"

namespace elm {

Var ComplexSelectiveScan::run(Context& context, StateCursor* state) const {
    const Shape& shape = input.value.shape();
    const std::int64_t states = rate.real.value.shape()[0], channels = shape[2];
    const Shape flat = shape.with(2, states * channels);
    const Shape full{shape[0], shape[1], states, channels};
    const auto of_states = [&](const Var& each) { return repeat(context, each, 2, states); };
    const auto of_channels = [&](const Var& each) { return repeat(context, each, 3, channels); };
    const auto as_units = [&](const Var& all) { return reshape(context, all, flat); };

    const Var step = of_states(delta);
    const Var size = activate(context, multiply(context, step, rate.real), Activation::exp);
    const Var turn = multiply(context, step, rate.imag);
    const auto turned = [&](double by) {
        const Var sine = activate(context, scale(context, turn, 1, by), Activation::sine);
        return as_units(multiply(context, size, sine));
    };
    const Var drive = of_states(multiply(context, delta, input));
    const auto driven = [&](const Var& weight) {
        return as_units(multiply(context, drive, of_channels(weight)));
    };
    const DType dtype = input.value.dtype();
    const Shape state_shape{shape[0], states * channels};
    const ComplexVar initial{state_or_zeros(context, state, state_shape, dtype),
                             state_or_zeros(context, state, state_shape, dtype)};
    const ComplexVar all =
        diagonal_scan(context, {turned(std::numbers::pi / 2), turned(0)},
                      {driven(input_weight.real), driven(input_weight.imag)}, initial);
    if (state != nullptr) {
        state->keep(last_step(context, all.real, initial.real));
        state->keep(last_step(context, all.imag, initial.imag));
    }
    const auto weighted = [&](const Var& weight, const Var& part) {
        return multiply(context, of_channels(weight), reshape(context, part, full));
    };
    const Var read = sum(context,
                         subtract(context, weighted(output_weight.real, all.real),
                                  weighted(output_weight.imag, all.imag)),
                         2);
    return add_skip(context, scale(context, read, 2), input, skip);
}

}  // namespace elm
