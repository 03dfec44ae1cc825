#pragma once

#include "kernels/ops/spectral/modes/diagonal_decay.h"
#include "kernels/ops/spectral/modes/discretise_body.h"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

ELM_HD inline Discretisation rule_of(DecayForm form) {
    return form == DecayForm::bilinear ? Discretisation::bilinear : Discretisation::zero_order_hold;
}

template <class Real>
struct OneDecay {
    DiagonalDecayArgs<Real> args;

    ELM_HD void operator()(std::int64_t i) const {
        const Complex ab{static_cast<double>(args.a(i)), static_cast<double>(args.b(i))};
        if (args.form == DecayForm::polar) {
            return set_complex(args.decay, exponential({-exp(ab.real), exp(ab.imag)}), i);
        }
        const double dt = exp(static_cast<double>(args.log_step(i)));
        const DiscreteMode mode = discretise(rule_of(args.form), ab, dt);
        set_complex(args.decay, exponential(mode.exponent), i);
        set_complex(args.gain, mode.gain, i);
    }
};

template <class Real>
struct OneDecayGradient {
    DiagonalDecayBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t i) const {
        const Complex ab{static_cast<double>(args.a(i)), static_cast<double>(args.b(i))};
        const Complex along_decay = complex_at(args.decay_gradient, i);
        if (args.form == DecayForm::polar) {
            const Complex exponent{-exp(ab.real), exp(ab.imag)};
            const Complex gradient = conjugate(exponential(exponent)) * along_decay;
            args.a_gradient(i) = static_cast<Real>(exponent.real * gradient.real);
            args.b_gradient(i) = static_cast<Real>(exponent.imag * gradient.imag);
            return;
        }
        const double dt = exp(static_cast<double>(args.log_step(i)));
        const DiscreteMode mode = discretise(rule_of(args.form), ab, dt);
        const DiscreteModeDerivative slope = discretise_derivative(rule_of(args.form), ab, dt);
        const Complex along_exponent = conjugate(exponential(mode.exponent)) * along_decay;
        const Complex along_gain = complex_at(args.gain_gradient, i);
        const Complex rate = conjugate(slope.exponent_by_rate) * along_exponent +
                             conjugate(slope.gain_by_rate) * along_gain;
        const Complex step = conjugate(slope.exponent_by_step) * along_exponent +
                             conjugate(slope.gain_by_step) * along_gain;
        args.a_gradient(i) = static_cast<Real>(rate.real);
        args.b_gradient(i) = static_cast<Real>(rate.imag);
        args.log_step_gradient(i) = static_cast<Real>(dt * step.real);
    }
};

template <class Backend, class Real>
void run_diagonal_decay(Stream& stream, const DiagonalDecayArgs<Real>& args) {
    Backend::for_each_index(stream, args.a.size(), OneDecay<Real>{args});
}

template <class Backend, class Real>
void run_diagonal_decay_backward(Stream& stream, const DiagonalDecayBackwardArgs<Real>& args) {
    Backend::for_each_index(stream, args.a.size(), OneDecayGradient<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_diagonal_decay, DiagonalDecayArgs);
ELM_DECLARE_CUDA_INSTANCES(run_diagonal_decay_backward, DiagonalDecayBackwardArgs);

}  // namespace elm
