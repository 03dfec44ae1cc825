#pragma once

#include <cmath>

#include "kernels/ops/basic/activation.h"

namespace elm {

// One type per function: value(x), and derivative(y) of the output or derivative(x) of the input.

struct Identity {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return x;
    }
    template <class Real>
    ELM_HD static Real derivative(Real) {
        return 1;
    }
};

struct Relu {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return x < 0 ? Real(0) : x;  // NaN stays NaN
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return y > 0 ? Real(1) : Real(0);
    }
};

struct Relu2 {
    static constexpr bool keeps_output = false;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return Relu::value(x) * Relu::value(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        return 2 * Relu::value(x);
    }
};

struct Sigmoid {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return 1 / (1 + std::exp(-x));
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return y * (1 - y);
    }
};

struct Silu {
    static constexpr bool keeps_output = false;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return x * Sigmoid::value(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        const Real gate = Sigmoid::value(x);
        return gate * (1 + x * (1 - gate));
    }
};

struct Gelu {
    static constexpr bool keeps_output = false;
    /// The normal distribution function; erfc is exact where 1 + erf would cancel.
    template <class Real>
    ELM_HD static Real normal_below(Real x) {
        return Real(0.5) * std::erfc(x * Real(-0.70710678118654752));
    }
    template <class Real>
    ELM_HD static Real value(Real x) {
        return x * normal_below(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        const Real density = Real(0.39894228040143268) * std::exp(Real(-0.5) * x * x);
        return normal_below(x) + x * density;
    }
};

/// (1 + tanh(z)) / 2 is a sigmoid of 2 z.
struct GeluTanh {
    static constexpr bool keeps_output = false;
    static constexpr double slope = 1.5957691216057308;  // 2 sqrt(2 / pi)
    static constexpr double cubic = 0.044715 * slope;
    template <class Real>
    ELM_HD static Real value(Real x) {
        const Real y = x < -20 ? Real(-20) : x;  // of which nothing is left
        return y * Sigmoid::value(y * (Real(slope) + Real(cubic) * y * y));
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        const Real y = x < -20 ? Real(-20) : x > 20 ? Real(20) : x;
        const Real gate = Sigmoid::value(y * (Real(slope) + Real(cubic) * y * y));
        return gate * (1 + y * (1 - gate) * (Real(slope) + Real(3 * cubic) * y * y));
    }
};

struct Tanh {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return std::tanh(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return 1 - y * y;
    }
};

struct Softplus {
    static constexpr bool keeps_output = false;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return (x < 0 ? Real(0) : x) + std::log1p(std::exp(-std::abs(x)));
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        return Sigmoid::value(x);
    }
};

/// The activation of the ELM neuron's memory update.
/// Source: LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.4.
struct ScaledTanh {
    static constexpr bool keeps_output = true;
    static constexpr double height = 1.7159, slope = 2.0 / 3;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return Real(height) * std::tanh(Real(slope) * x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return Real(slope / height) * (Real(height * height) - y * y);
    }
};

struct Exp {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return std::exp(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return y;
    }
};

/// The feature map of linear attention.
/// Source: Katharopoulos et al. 2020, arXiv 2006.16236, equation 7.
struct EluPlusOne {
    static constexpr bool keeps_output = true;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return x < 0 ? std::exp(x) : x + 1;
    }
    template <class Real>
    ELM_HD static Real derivative(Real y) {
        return y > 1 ? Real(1) : y;
    }
};

struct Sine {
    static constexpr bool keeps_output = false;
    template <class Real>
    ELM_HD static Real value(Real x) {
        return std::sin(x);
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        return std::cos(x);
    }
};

/// The attention function of Mega, with the six digits of its authors' code.
/// Source: Ma et al. 2022, arXiv 2209.10655, section 3.4.
struct Laplace {
    static constexpr bool keeps_output = false;
    static constexpr double mean = 0.707107, deviation = 0.282095;
    template <class Real>
    ELM_HD static Real scaled(Real x) {
        return (x - Real(mean)) / Real(deviation);
    }
    template <class Real>
    ELM_HD static Real value(Real x) {
        return Gelu::normal_below(scaled(x));
    }
    template <class Real>
    ELM_HD static Real derivative(Real x) {
        const Real z = scaled(x);
        return Real(0.39894228040143268 / deviation) * std::exp(Real(-0.5) * z * z);
    }
};

template <class Visitor>
void visit_activation(Activation function, const Visitor& visitor) {
    switch (function) {
        case Activation::linear:
            return visitor(Identity{});
        case Activation::relu:
            return visitor(Relu{});
        case Activation::silu:
            return visitor(Silu{});
        case Activation::gelu:
            return visitor(Gelu{});
        case Activation::gelu_tanh:
            return visitor(GeluTanh{});
        case Activation::tanh:
            return visitor(Tanh{});
        case Activation::sigmoid:
            return visitor(Sigmoid{});
        case Activation::softplus:
            return visitor(Softplus{});
        case Activation::scaled_tanh:
            return visitor(ScaledTanh{});
        case Activation::exp:
            return visitor(Exp{});
        case Activation::elu_plus_one:
            return visitor(EluPlusOne{});
        case Activation::sine:
            return visitor(Sine{});
        case Activation::laplace:
            return visitor(Laplace{});
        case Activation::relu2:
            return visitor(Relu2{});
    }
}

template <class Function, class Real>
struct ActivateOneElement {
    ActivationArgs<Real> args;
    ELM_HD void operator()(std::int64_t, std::int64_t index) const {
        args.output(index) = Function::value(args.input(index));
    }
};

template <class Function, class Real>
struct ActivateBackwardOneElement {
    ActivationBackwardArgs<Real> args;
    ELM_HD void operator()(std::int64_t, std::int64_t index) const {
        args.input_gradient(index) =
            Function::derivative(args.kept(index)) * args.output_gradient(index);
    }
};

template <class Backend, class Real>
void run_activation(Stream& stream, const ActivationArgs<Real>& args) {
    visit_activation(args.function, [&]<class Function>(Function) {
        Backend::for_each_element(stream, 1, args.output.extent[0],
                                  ActivateOneElement<Function, Real>{args});
    });
}

template <class Backend, class Real>
void run_activation_backward(Stream& stream, const ActivationBackwardArgs<Real>& args) {
    visit_activation(args.function, [&]<class Function>(Function) {
        Backend::for_each_element(stream, 1, args.input_gradient.extent[0],
                                  ActivateBackwardOneElement<Function, Real>{args});
    });
}

ELM_DECLARE_CUDA_INSTANCES(run_activation, ActivationArgs);
ELM_DECLARE_CUDA_INSTANCES(run_activation_backward, ActivationBackwardArgs);

}  // namespace elm
