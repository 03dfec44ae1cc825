#pragma once

#include "kernels/ops/spectral/modes/mode_decay.h"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

template <class Real>
struct OneModeDecay {
    ModeDecayArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.exponent.real.extent[1];
        const std::int64_t n = index / features, feature = index % features;
        set_complex(args.decay, exponential(complex_at(args.exponent, n, feature)), n, feature);
        set_complex(args.weight_copy, complex_at(args.weight, n, feature), n, feature);
    }
};

template <class Real>
struct OneModeDecayGradient {
    ModeDecayBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.exponent.real.extent[1];
        const std::int64_t n = index / features, feature = index % features;
        const Complex decay = exponential(complex_at(args.exponent, n, feature));
        set_complex(args.exponent_gradient,
                    conjugate(decay) * complex_at(args.decay_gradient, n, feature), n, feature);
        set_complex(args.weight_gradient, complex_at(args.weight_copy_gradient, n, feature), n,
                    feature);
    }
};

template <class Backend, class Real>
void run_mode_decay(Stream& stream, const ModeDecayArgs<Real>& args) {
    Backend::for_each_index(stream, args.exponent.real.size(), OneModeDecay<Real>{args});
}

template <class Backend, class Real>
void run_mode_decay_backward(Stream& stream, const ModeDecayBackwardArgs<Real>& args) {
    Backend::for_each_index(stream, args.exponent.real.size(), OneModeDecayGradient<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_mode_decay, ModeDecayArgs);
ELM_DECLARE_CUDA_INSTANCES(run_mode_decay_backward, ModeDecayBackwardArgs);

}  // namespace elm
