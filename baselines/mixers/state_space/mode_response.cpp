#include "baselines/mixers/state_space/mode_response.h"

#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "kernels/ops/spectral/modes/mode_decay.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"

namespace elm {
namespace {

Var scanned(Context& context, const Modes& modes, const Var& skip, const Var& u,
            StateCursor& state) {
    const DType dtype = u.value.dtype();
    const DecayingModes decaying = decaying_modes(context, modes, dtype);
    const Shape shape{u.value.shape()[0], decaying.decay.real.value.shape()[0], u.value.shape()[2]};
    const ComplexVar initial{state_or_zeros(context, &state, shape, dtype),
                             state_or_zeros(context, &state, shape, dtype)};
    const ModeScanResult result =
        mode_scan(context, {u, decaying.decay, decaying.weight, skip, initial});
    state.keep(result.final.real.value);
    state.keep(result.final.imag.value);
    return result.output;
}

}  // namespace

Var convolve_both_ways(Context& context, const Var& u, const Var& kernel, const Tensor& lengths) {
    const std::int64_t steps = u.value.shape()[1], width = u.value.shape()[2];
    const bool ahead = kernel.value.shape()[1] > width;
    Var past = long_convolution(context, u, ahead ? slice(context, kernel, 1, 0, width) : kernel);
    if (!ahead || steps == 0) return past;
    const auto turned = [&](const Var& x) { return reverse_time(context, x, lengths); };
    const Var future =
        turned(long_convolution(context, turned(u), slice(context, kernel, 1, width, 2 * width)));
    const Var next = pad(context, slice(context, future, 1, 1, steps), 1, 0, 1);
    return add(context, past, next);
}

double convolution_flops(std::int64_t steps) {
    return steps < 1 ? 0 : long_convolution_flops(steps) / static_cast<double>(steps);
}

Var mode_response(Context& context, const Modes& modes, const Var& skip, const MixerInput& input,
                  StateCursor* state) {
    const Var& u = input.sequence;
    if (state != nullptr) return scanned(context, modes, skip, u, *state);
    const std::int64_t columns = modes.exponent.real.value.shape()[1];
    const std::int64_t others = columns - u.value.shape()[2];
    const Var skips = others > 0 ? pad(context, skip, 0, 0, others) : skip;
    const Var kernel = mode_kernel(context, modes, skips, u.value.shape()[1]);
    return convolve_both_ways(context, u, kernel, input.lengths);
}

}  // namespace elm
