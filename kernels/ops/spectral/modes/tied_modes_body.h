#pragma once

#include "kernels/ops/spectral/modes/modes_body.h"
#include "kernels/ops/spectral/modes/tied_modes.h"

namespace elm {

/// r = conj(z) / m. A change dz makes `along` dz + `across` conj(dz) of r.
struct SoftReciprocal {
    Complex value, along;
    double across;
};

ELM_HD inline SoftReciprocal soft_reciprocal(TiedGain form, const Complex& z) {
    constexpr double epsilon = 1e-7;  // as in the authors' code
    const double square = squared_modulus(z);
    if (form == TiedGain::softmax) {
        const double below = 1 / (square + epsilon);
        const Complex r = below * conjugate(z);
        return {r, -1.0 * (r * r), epsilon * below * below};
    }
    if (square < epsilon) return {(1 / epsilon) * conjugate(z), {}, 1 / epsilon};
    const Complex r = (1 / square) * conjugate(z);
    return {r, -1.0 * (r * r), 0};
}

/// e^z - 1.
ELM_HD inline Complex less_one(const Complex& z) { return z * phi(z); }

/// One mode of one feature: gain = growth * above * below.value.
struct TiedMode {
    Complex exponent;
    double sign;           // of the exponent that is summed
    Complex above;         // e^(sign x) - 1
    Complex range;         // e^(sign x length) - 1, or 1
    SoftReciprocal below;  // of range * a
    Complex growth;        // e^(-x (length - 1)) of a mode that grows, else 1

    ELM_HD Complex gain() const { return growth * above * below.value; }
};

ELM_HD inline TiedMode tied_mode(TiedGain form, std::int64_t length, const Complex& a,
                                 double real_step, double imag_step) {
    TiedMode mode;
    mode.exponent = {real_step * a.real, imag_step * a.imag};
    mode.sign = 1;
    mode.above = mode.range = mode.growth = {1, 0};
    if (form == TiedGain::none) {
        mode.below = {{1, 0}, {}, 0};
        return mode;
    }
    if (form == TiedGain::softmax) {
        const auto steps = static_cast<double>(length);
        if (a.real > 0) {
            mode.sign = -1;
            mode.growth = exponential((1 - steps) * mode.exponent);
        }
        mode.range = less_one(mode.sign * steps * mode.exponent);
    }
    mode.above = less_one(mode.sign * mode.exponent);
    mode.below = soft_reciprocal(form, mode.range * a);
    return mode;
}

/// Gradients of the exponent and of a (but through the exponent) for that of the gain.
struct TiedModeGradient {
    Complex exponent, rate;
};

ELM_HD inline TiedModeGradient tied_mode_gradient(TiedGain form, std::int64_t length,
                                                  const Complex& a, const TiedMode& mode,
                                                  const Complex& along_gain) {
    TiedModeGradient result;
    if (form == TiedGain::none) return result;
    const auto steps = static_cast<double>(length);
    const Complex quotient = mode.above * mode.below.value;
    const Complex along_quotient = conjugate(mode.growth) * along_gain;
    const Complex along_above = conjugate(mode.below.value) * along_quotient;
    const Complex along_below = conjugate(mode.above) * along_quotient;
    const Complex along_product =
        conjugate(mode.below.along) * along_below + mode.below.across * conjugate(along_below);
    result.rate = conjugate(mode.range) * along_product;
    result.exponent = mode.sign * (conjugate(mode.above + Complex{1, 0}) * along_above);
    if (form == TiedGain::zero_order_hold) return result;
    const Complex along_range = conjugate(a) * along_product;
    result.exponent =
        result.exponent + mode.sign * steps * (conjugate(mode.range + Complex{1, 0}) * along_range);
    if (mode.sign < 0) {
        result.exponent =
            result.exponent + (1 - steps) * (conjugate(mode.growth * quotient) * along_gain);
    }
    return result;
}

template <class Args>
ELM_HD TiedMode tied_mode_of(const Args& args, std::int64_t n, std::int64_t feature) {
    return tied_mode(args.form, args.length, complex_at(args.rate, n),
                     exp(static_cast<double>(args.log_step(0, feature))),
                     exp(static_cast<double>(args.log_step(1, feature))));
}

template <class Real>
struct OneTiedMode {
    TiedModesArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.exponent.real.extent[1];
        const std::int64_t features = args.log_step.extent[1], n = index / columns;
        const std::int64_t column = index % columns, feature = column % features;
        const TiedMode mode = tied_mode_of(args, n, feature);
        const Complex c = complex_at(args.output_weight, column / features, feature, n);
        set_complex(args.exponent, mode.exponent, n, column);
        set_complex(args.weight, 0.5 * (c * mode.gain()), n, column);
    }
};

/// What one mode of one feature adds to the gradients, all channels together.
struct TiedShare {
    Complex rate;
    double real_step, imag_step;
};

template <class Real>
ELM_HD TiedShare tied_share(const TiedModesBackwardArgs<Real>& args, std::int64_t n,
                            std::int64_t feature) {
    const std::int64_t features = args.log_step.extent[1];
    const Complex a = complex_at(args.rate, n);
    const TiedMode mode = tied_mode_of(args, n, feature);
    Complex along_exponent, along_gain;
    for (std::int64_t channel = 0; channel < args.output_weight.real.extent[0]; ++channel) {
        const std::int64_t column = channel * features + feature;
        const Complex c = complex_at(args.output_weight, channel, feature, n);
        along_exponent = along_exponent + complex_at(args.exponent_gradient, n, column);
        along_gain =
            along_gain + 0.5 * (conjugate(c) * complex_at(args.weight_gradient, n, column));
    }
    const TiedModeGradient through =
        tied_mode_gradient(args.form, args.length, a, mode, along_gain);
    const Complex x = along_exponent + through.exponent;
    const double real_step = exp(static_cast<double>(args.log_step(0, feature)));
    const double imag_step = exp(static_cast<double>(args.log_step(1, feature)));
    return {through.rate + Complex{real_step * x.real, imag_step * x.imag},
            mode.exponent.real * x.real, mode.exponent.imag * x.imag};
}

template <class Real>
struct TiedRateGradient {
    TiedModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t n) const {
        Complex sum;
        for (std::int64_t feature = 0; feature < args.log_step.extent[1]; ++feature) {
            sum = sum + tied_share(args, n, feature).rate;
        }
        set_complex(args.rate_gradient, sum, n);
    }
};

template <class Real>
struct TiedStepGradient {
    TiedModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t feature) const {
        double real = 0, imag = 0;
        for (std::int64_t n = 0; n < args.rate.real.extent[0]; ++n) {
            const TiedShare share = tied_share(args, n, feature);
            real += share.real_step;
            imag += share.imag_step;
        }
        args.log_step_gradient(0, feature) = static_cast<Real>(real);
        args.log_step_gradient(1, feature) = static_cast<Real>(imag);
    }
};

template <class Real>
struct TiedOutputGradient {
    TiedModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t modes = args.rate.real.extent[0], features = args.log_step.extent[1];
        const std::int64_t n = index % modes, column = index / modes, feature = column % features;
        const Complex gain = tied_mode_of(args, n, feature).gain();
        set_complex(args.output_weight_gradient,
                    0.5 * (conjugate(gain) * complex_at(args.weight_gradient, n, column)),
                    column / features, feature, n);
    }
};

template <class Backend, class Real>
void run_tied_modes(Stream& stream, const TiedModesArgs<Real>& args) {
    Backend::for_each_index(stream, args.exponent.real.size(), OneTiedMode<Real>{args});
}

template <class Backend, class Real>
void run_tied_modes_backward(Stream& stream, const TiedModesBackwardArgs<Real>& args) {
    Backend::for_each_index(stream, args.rate.real.size(), TiedRateGradient<Real>{args});
    Backend::for_each_index(stream, args.log_step.extent[1], TiedStepGradient<Real>{args});
    Backend::for_each_index(stream, args.output_weight.real.size(), TiedOutputGradient<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_tied_modes, TiedModesArgs);
ELM_DECLARE_CUDA_INSTANCES(run_tied_modes_backward, TiedModesBackwardArgs);

}  // namespace elm
