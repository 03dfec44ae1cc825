#pragma once

#include "kernels/ops/spectral/modes/discretise_body.h"
#include "kernels/ops/spectral/modes/modes.h"

namespace elm {

template <class T, int Rank, class... Index>
ELM_HD Complex complex_at(const Planes<T, Rank>& planes, Index... index) {
    return {static_cast<double>(planes.real(index...)), static_cast<double>(planes.imag(index...))};
}

template <class Real, int Rank, class... Index>
ELM_HD void set_complex(const Planes<Real, Rank>& planes, const Complex& value, Index... index) {
    planes.real(index...) = static_cast<Real>(value.real);
    planes.imag(index...) = static_cast<Real>(value.imag);
}

template <class Args>
ELM_HD Complex rate_of(const Args& args, std::int64_t row, std::int64_t n) {
    return {-exp(static_cast<double>(args.log_decay(row, n))),
            static_cast<double>(args.frequency(row, n))};
}
/// One mode of one feature in steps of its own, and how it changes.
struct FeatureMode {
    Complex rate;
    double step;
    std::int64_t row;
    bool counts;  // below the band limit

    template <class Args>
    ELM_HD FeatureMode(const Args& args, std::int64_t feature, std::int64_t n)
        : row(feature % args.log_decay.extent[0]) {
        rate = rate_of(args, row, n);
        step = exp(static_cast<double>(args.log_step(feature, n % args.log_step.extent[1])));
        constexpr double pi = 3.14159265358979323846;
        counts = args.band_limit == 0 || step * fabs(rate.imag) < pi * args.band_limit;
    }
    ELM_HD DiscreteMode discrete(Discretisation rule) const {
        DiscreteMode mode = discretise(rule, rate, step);
        if (!counts) mode.gain = {};
        return mode;
    }
    ELM_HD DiscreteModeDerivative slope(Discretisation rule) const {
        DiscreteModeDerivative all = discretise_derivative(rule, rate, step);
        if (!counts) all.gain_by_rate = all.gain_by_step = {};
        return all;
    }
};

/// One mode of one feature of one channel.
template <class Real>
struct OneMode {
    ModesArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.exponent.real.extent[1];
        const std::int64_t features = args.log_step.extent[0], n = index / columns;
        const std::int64_t column = index % columns, feature = column % features;
        const FeatureMode own(args, feature, n);
        const DiscreteMode mode = own.discrete(args.rule);
        const Complex b = complex_at(args.input_weight, own.row, n);
        const Complex c = complex_at(args.output_weight, column / features, feature, n);
        set_complex(args.exponent, mode.exponent, n, column);
        set_complex(args.weight, c * b * mode.gain, n, column);
    }
};

/// What one mode of one feature adds to the gradients, all channels together.
struct ModeShare {
    Complex rate, input_weight;
    double log_step = 0;
};
template <class Real>
ELM_HD ModeShare mode_share(const ModesBackwardArgs<Real>& args, std::int64_t feature,
                            std::int64_t n) {
    const std::int64_t features = args.log_step.extent[0];
    const FeatureMode own(args, feature, n);
    const DiscreteMode mode = own.discrete(args.rule);
    const DiscreteModeDerivative slope = own.slope(args.rule);
    const Complex b = complex_at(args.input_weight, own.row, n);
    ModeShare share;
    for (std::int64_t channel = 0; channel < args.output_weight.real.extent[0]; ++channel) {
        const std::int64_t column = channel * features + feature;
        const Complex c = complex_at(args.output_weight, channel, feature, n);
        const Complex gx = complex_at(args.exponent_gradient, n, column);
        const Complex gw = complex_at(args.weight_gradient, n, column);
        const Complex along = conjugate(c * b) * gw;  // gradient of the gain
        share.rate = share.rate + conjugate(slope.exponent_by_rate) * gx +
                     conjugate(slope.gain_by_rate) * along;
        share.log_step +=
            own.step *
            (conjugate(slope.exponent_by_step) * gx + conjugate(slope.gain_by_step) * along).real;
        share.input_weight = share.input_weight + conjugate(c * mode.gain) * gw;
    }
    return share;
}

/// One row of A and B, over the features that have it.
template <class Real>
struct ModeRowGradient {
    ModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t rows = args.log_decay.extent[0], modes = args.log_decay.extent[1];
        const std::int64_t row = index / modes, n = index % modes;
        Complex rate, input_weight;
        for (std::int64_t feature = row; feature < args.log_step.extent[0]; feature += rows) {
            const ModeShare share = mode_share(args, feature, n);
            rate = rate + share.rate;
            input_weight = input_weight + share.input_weight;
        }
        args.log_decay_gradient(row, n) = static_cast<Real>(rate_of(args, row, n).real * rate.real);
        args.frequency_gradient(row, n) = static_cast<Real>(rate.imag);
        set_complex(args.input_weight_gradient, input_weight, row, n);
    }
};

template <class Real>
struct ModeStepGradient {
    ModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t kinds = args.log_step.extent[1];
        const std::int64_t feature = index / kinds, kind = index % kinds;
        double sum = 0;
        for (std::int64_t n = kind; n < args.log_decay.extent[1]; n += kinds) {
            sum += mode_share(args, feature, n).log_step;
        }
        args.log_step_gradient(feature, kind) = static_cast<Real>(sum);
    }
};

template <class Real>
struct ModeOutputGradient {
    ModesBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t modes = args.log_decay.extent[1], features = args.log_step.extent[0];
        const std::int64_t n = index % modes, column = index / modes, feature = column % features;
        const FeatureMode own(args, feature, n);
        const DiscreteMode mode = own.discrete(args.rule);
        const Complex b = complex_at(args.input_weight, own.row, n);
        set_complex(args.output_weight_gradient,
                    conjugate(b * mode.gain) * complex_at(args.weight_gradient, n, column),
                    column / features, feature, n);
    }
};

template <class Backend, class Real>
void run_modes(Stream& stream, const ModesArgs<Real>& args) {
    Backend::for_each_index(stream, args.exponent.real.size(), OneMode<Real>{args});
}

template <class Backend, class Real>
void run_modes_backward(Stream& stream, const ModesBackwardArgs<Real>& args) {
    Backend::for_each_index(stream, args.log_decay.size(), ModeRowGradient<Real>{args});
    Backend::for_each_index(stream, args.log_step.size(), ModeStepGradient<Real>{args});
    Backend::for_each_index(stream, args.output_weight.real.size(), ModeOutputGradient<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_modes, ModesArgs);
ELM_DECLARE_CUDA_INSTANCES(run_modes_backward, ModesBackwardArgs);

}  // namespace elm
