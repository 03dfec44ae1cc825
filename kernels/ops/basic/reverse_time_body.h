#pragma once

#include "kernels/ops/basic/reverse_time.h"

namespace elm {

template <class Real>
struct ReverseOneElement {
    ReverseTimeArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t feature) const {
        const std::int64_t steps = args.input.extent[1], sample = row / steps, t = row % steps;
        const std::int64_t length = args.lengths.data == nullptr ? steps : args.lengths(sample);
        args.result(sample, t, feature) =
            t < length ? args.input(sample, length - 1 - t, feature) : Real(0);
    }
};

template <class Backend, class Real>
void run_reverse_time(Stream& stream, const ReverseTimeArgs<Real>& args) {
    Backend::for_each_element(stream, args.input.extent[0] * args.input.extent[1],
                              args.input.extent[2], ReverseOneElement<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_reverse_time, ReverseTimeArgs);

}  // namespace elm
